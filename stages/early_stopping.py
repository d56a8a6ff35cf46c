"""Which epoch's weights are kept, and when to stop: functions of the history alone.

Keras's callback for this keeps a state of its own, which a resumed run would have to restore.
"""

from stages.params import EarlyStopping

History = list[dict[str, float]]  # a row per epoch: its number and figures by name


def last_improvement(figures: list[float], higher_is_better: bool, min_delta: float) -> int:
    """Return the index of the last figure that beat all before it by more than `min_delta`."""
    sign = 1 if higher_is_better else -1
    best = 0
    for index, figure in enumerate(figures):
        if sign * (figure - figures[best]) > min_delta:
            best = index
    return best


def is_over(history: History, stopping: EarlyStopping) -> bool:
    """Tell whether validation has not improved for `patience` epochs."""
    figures = [row[stopping.monitor] for row in history]
    last = last_improvement(figures, _higher_is_better(stopping), stopping.min_delta)
    return len(history) - 1 - last >= stopping.patience


def kept_epoch(history: History, stopping: EarlyStopping) -> int:
    """Return the index of the last row whose validation figure is within `min_delta` of the best.

    Without `restore_best_weights` it is the last row's.
    """
    if not stopping.restore_best_weights:
        return len(history) - 1
    figures = [row[stopping.monitor] for row in history]
    best = max(figures) if _higher_is_better(stopping) else min(figures)
    gaps = [abs(figure - best) for figure in figures]
    return max(index for index, gap in enumerate(gaps) if gap <= stopping.min_delta)


def _higher_is_better(stopping: EarlyStopping) -> bool:
    return stopping.monitor == "val_accuracy"
