import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.training.early_stopping import history_rows, is_finished, kept_epoch, should_stop
from stages.training.settings import EarlyStopping

# Quarters, whose differences are exact, and few of them, so that many are equal.
VALUES = st.lists(st.integers(0, 8).map(lambda quarters: quarters / 4), min_size=1, max_size=12)
DELTAS = st.sampled_from([0.0, 0.25, 0.5])
MONITORS = st.sampled_from(["val_loss", "val_accuracy"])


def _history(*values: float, monitor: str = "val_loss") -> list[dict[str, float]]:
    return [{monitor: value} for value in values]


def _stopping(**changes: object) -> EarlyStopping:
    return EarlyStopping.model_validate(
        {"monitor": "val_loss", "patience": 2, "min_delta": 0, "restore_best_weights": True}
        | changes
    )


def test_kept_epoch_by_hand() -> None:
    """The last of the best epochs is kept, or the last epoch if none is to be restored."""
    assert kept_epoch(_history(3, 1, 2, 1, 4), _stopping()) == 3
    accuracies = _history(0.4, 0.1, 0.4, 0.2, monitor="val_accuracy")
    assert kept_epoch(accuracies, _stopping(monitor="val_accuracy")) == 2
    assert kept_epoch(accuracies, _stopping(restore_best_weights=False)) == 3


def test_differences_up_to_min_delta_are_chance() -> None:
    """The last epoch within min_delta of the best one is kept."""
    losses = _history(3, 1, 1.5, 1.4, 1.6)
    assert kept_epoch(losses, _stopping(min_delta=0.5)) == 3
    assert kept_epoch(losses, _stopping(min_delta=0.3)) == 1
    accuracies = _history(0.25, 0.75, 0.5, 0.25, monitor="val_accuracy")
    assert kept_epoch(accuracies, _stopping(monitor="val_accuracy", min_delta=0.25)) == 2


@given(values=VALUES, delta=DELTAS)
def test_an_epoch_that_was_passed_over_is_never_kept_later(
    values: list[float], delta: float
) -> None:
    """The kept epoch is the newest or the one kept before, so one copy is enough."""
    stopping = _stopping(min_delta=delta)
    before = 0
    for epoch in range(len(values)):
        kept = kept_epoch(_history(*values[: epoch + 1]), stopping)
        assert kept in (epoch, before)
        before = kept


@pytest.mark.parametrize(
    ("losses", "changes", "over"),
    [
        ([3, 2, 1], {}, False),
        ([1, 2], {}, False),
        ([1, 2, 3], {}, True),
        ([1, 2, 1], {}, True),
        ([3, 2.9, 2.8], {"min_delta": 0.5}, True),
        ([3, 2.9, 2.4], {"min_delta": 0.5}, False),
        ([3, 4, 5], {"patience": 3}, False),
    ],
)
def test_early_stopping_by_hand(losses: list[float], changes: dict[str, float], over: bool) -> None:
    """A run is over after `patience` epochs without a gain of more than `min_delta`."""
    assert should_stop(_history(*losses), _stopping(**changes)) is over


@given(values=VALUES, delta=DELTAS, patience=st.integers(1, 5), monitor=MONITORS)
def test_early_stopping_matches_keras(
    values: list[float], delta: float, patience: int, monitor: str
) -> None:
    """Keras's EarlyStopping stops at the same epoch for the same metrics, with either monitor."""
    mode = {"val_loss": "min", "val_accuracy": "max"}[monitor]
    keras_stopping = keras.callbacks.EarlyStopping(
        monitor, patience=patience, min_delta=delta, mode=mode
    )
    keras_stopping.set_model(keras.Sequential())
    keras_stopping.on_train_begin()
    stopping = _stopping(patience=patience, min_delta=delta, monitor=monitor)
    for epoch, value in enumerate(values):
        keras_stopping.on_epoch_end(epoch, {monitor: value})
        stopped = bool(getattr(keras_stopping.model, "stop_training", False))
        history = _history(*values[: epoch + 1], monitor=monitor)
        assert should_stop(history, stopping) is stopped
        assert is_finished(history, len(values), stopping) is (stopped or epoch + 1 == len(values))
        if stopped:
            break


@given(values=VALUES, delta=DELTAS, monitor=MONITORS, restore=st.booleans())
def test_the_rows_name_the_kept_epoch(
    values: list[float], delta: float, monitor: str, restore: bool
) -> None:
    """One row is kept: going back from the last epoch, the first that no other beats by more."""
    stopping = _stopping(min_delta=delta, monitor=monitor, restore_best_weights=restore)
    better = -1 if monitor == "val_loss" else 1
    kept = len(values) - 1
    while restore and any(better * (other - values[kept]) > delta for other in values):
        kept -= 1
    history = _history(*values, monitor=monitor)
    assert kept_epoch(history, stopping) == kept
    assert history_rows(history, stopping, index=2) == [
        {"network": 3, monitor: value, "kept": int(epoch == kept)}
        for epoch, value in enumerate(values)
    ]


def test_no_epoch_is_no_row() -> None:
    """A network that has not begun has no history, and is not finished."""
    assert history_rows([], _stopping(), index=0) == []
    assert not is_finished([], 1, _stopping())
