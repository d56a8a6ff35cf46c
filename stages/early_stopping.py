"""Which epoch's weights are kept, and when to stop: functions of the history alone.

Keras's callback for this keeps a state of its own, which a resumed run would have to restore.
"""

from stages.params import EarlyStopping

History = list[dict[str, float]]  # a row per epoch: its number and figures by name


def is_over(history: History, stopping: EarlyStopping) -> bool:
    """Tell whether validation has not gained more than `min_delta` for `patience` epochs."""
    losses = _losses(history, stopping)
    last = 0
    for index, loss in enumerate(losses):
        if losses[last] - loss > stopping.min_delta:
            last = index
    return len(losses) - 1 - last >= stopping.patience


def kept_epoch(history: History, stopping: EarlyStopping) -> int:
    """Return the index of the last row whose validation figure is within `min_delta` of the best.

    Without `restore_best_weights` it is the last row's.
    """
    if not stopping.restore_best_weights:
        return len(history) - 1
    losses = _losses(history, stopping)
    best = min(losses)
    return max(index for index, loss in enumerate(losses) if loss - best <= stopping.min_delta)


def _losses(history: History, stopping: EarlyStopping) -> list[float]:
    """Return the validation figures, turned so that less is better."""
    sign = -1 if stopping.monitor == "val_accuracy" else 1
    return [sign * row[stopping.monitor] for row in history]
