import keras
import numpy as np
import pytest

from stages.training.early_stopping import kept_epoch, should_stop
from stages.training.settings import EarlyStopping


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


def test_an_epoch_that_was_passed_over_is_never_kept_later() -> None:
    """The kept epoch is the newest or the one kept before, so one copy is enough."""
    random = np.random.default_rng(4)
    for _ in range(50):
        losses = random.random(20).round(2).tolist()
        kept = [kept_epoch(_history(*losses[:n]), _stopping(min_delta=0.1)) for n in range(1, 21)]
        for epoch in range(1, 20):
            assert kept[epoch] in (epoch, kept[epoch - 1])


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


def test_early_stopping_matches_keras() -> None:
    """Keras's EarlyStopping stops at the same epoch for the same losses."""
    random = np.random.default_rng(3)
    for _ in range(50):
        losses = random.random(30).round(2).tolist()
        keras_stopping = keras.callbacks.EarlyStopping("val_loss", patience=4, min_delta=0.02)
        keras_stopping.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
        keras_stopping.on_train_begin()
        keras_stopping.model.stop_training = False
        epoch = 0
        while not keras_stopping.model.stop_training and epoch < 30:
            keras_stopping.on_epoch_end(epoch, {"val_loss": losses[epoch]})
            epoch += 1
        stopping = _stopping(patience=4, min_delta=0.02)
        stopped = next(
            n for n in range(1, 31) if n == 30 or should_stop(_history(*losses[:n]), stopping)
        )
        assert stopped == epoch
