from pathlib import Path

import keras
import numpy as np
import pytest

from stages.shared.cli import StageError
from stages.training.checkpoint import CheckpointFolder, State
from stages.training.early_stopping import History
from stages.training.trainer import EpochRecorder
from tests.conftest import TRAIN


@pytest.fixture
def recorder(tmp_path: Path) -> EpochRecorder:
    """Give the recorder of network 2 in its first epoch, with the reports in its `reports`."""
    stopping = TRAIN.early_stopping.model_copy(update={"patience": 2})
    settings = TRAIN.model_copy(update={"early_stopping": stopping, "schedule": "constant"})
    reports: list[History] = []
    folder = CheckpointFolder(tmp_path, "key")
    recorder = EpochRecorder(settings, folder, State([], [], []), 1, reports.append)
    recorder.reports = reports
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd")
    model.optimizer.learning_rate = 0.25
    recorder.set_model(model)
    return recorder


def test_after_each_epoch_the_state_is_on_the_disk(recorder: EpochRecorder) -> None:
    """With the best epoch's weights; after two epochs without a gain the training stops."""
    model, folder = recorder.model, recorder.checkpoints
    for epoch, loss in enumerate([3.0, 1.0, 2.0, 1.5]):
        assert not model.stop_training
        model.set_weights([np.full((2, 1), epoch)])
        recorder.on_epoch_end(epoch, {"loss": 9.0, "val_loss": loss})
        state = folder.load(1)
        assert state
        assert state.history == recorder.history
        assert state.variables[-1].tolist() == [[epoch], [epoch]]
        (kept,) = state.kept_weights
        assert kept.tolist() == [[min(epoch, 1)]] * 2
        assert len(recorder.reports) == epoch + 1
    assert model.stop_training
    assert folder.load(0) is None
    assert recorder.reports[-1] == [
        {
            "network": 2,
            "epoch": epoch,
            "learning_rate": 0.25,
            "loss": 9.0,
            "val_loss": loss,
            "kept": int(epoch == 2),
        }
        for epoch, loss in enumerate([3.0, 1.0, 2.0, 1.5], start=1)
    ]


@pytest.mark.parametrize(("loss", "val_loss"), [("nan", "0.5"), ("0.5", "inf"), ("inf", "nan")])
def test_a_loss_that_is_not_finite_ends_the_run(
    recorder: EpochRecorder, loss: str, val_loss: str
) -> None:
    """A learning rate that is far too high gives an error and saves no state."""
    with pytest.raises(StageError) as error:
        recorder.on_epoch_end(4, {"loss": float(loss), "val_loss": float(val_loss)})
    assert str(error.value) == (
        f"the loss of epoch 5 is {loss}, on validation {val_loss}, expected a finite one; "
        "no model was written: lower train.learning_rate and type the same command again"
    )
    assert recorder.checkpoints.load(1) is None
    assert recorder.reports == []


def test_an_epoch_counts_when_it_is_on_the_disk(
    recorder: EpochRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever interrupts a training is told how many epochs are kept."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left")

    monkeypatch.setattr(recorder.checkpoints, "save", full)
    with pytest.raises(OSError, match="No space left"):
        recorder.on_epoch_end(0, {"loss": 1.0, "val_loss": 1.0})
    assert recorder.history == recorder.reports == []
