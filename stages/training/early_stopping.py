"""When to stop, and which epoch's weights to keep: functions of the history alone.

The callback that Keras has for this keeps a state of its own, which a resumed run would have to
restore.
"""

from stages.training.settings import EarlyStopping

History = list[dict[str, float]]  # a row per epoch, with Keras's names: loss, val_loss, ...


def should_stop(history: History, stopping: EarlyStopping) -> bool:
    """Tell whether the monitored metric has not improved for `patience` epochs.

    It improves when it is better than at the last improvement by more than `min_delta`.
    """
    losses = _losses(history, stopping)
    last_improvement = 0
    for index, loss in enumerate(losses):
        if losses[last_improvement] - loss > stopping.min_delta:
            last_improvement = index
    return len(losses) - 1 - last_improvement >= stopping.patience


def is_finished(history: History, epochs: int, stopping: EarlyStopping) -> bool:
    """Tell whether a training of at most `epochs` epochs ends after this history."""
    return len(history) >= epochs or should_stop(history, stopping)


def kept_epoch(history: History, stopping: EarlyStopping) -> int:
    """Return the index of the last epoch whose metric is within `min_delta` of the best one.

    Without `restore_best_weights` it is the last epoch.
    """
    if not stopping.restore_best_weights:
        return len(history) - 1
    losses = _losses(history, stopping)
    best = min(losses)
    return max(index for index, loss in enumerate(losses) if loss - best <= stopping.min_delta)


def history_rows(history: History, stopping: EarlyStopping, index: int) -> History:
    """Return the history of network `index`, from 0, with the columns `network` and `kept`.

    `network` counts from 1; `kept` is 1 in the row of the kept epoch, else 0.
    """
    kept = kept_epoch(history, stopping) if history else None
    return [
        {"network": index + 1, **row, "kept": int(epoch == kept)}
        for epoch, row in enumerate(history)
    ]


def _losses(history: History, stopping: EarlyStopping) -> list[float]:
    """Return the monitored metric of each epoch, with its sign changed if more is better."""
    sign = -1 if stopping.monitor == "val_accuracy" else 1
    return [sign * row[stopping.monitor] for row in history]
