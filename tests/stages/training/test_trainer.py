import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stages.shared.arrays import LabelledImages
from stages.shared.cli import StageError
from stages.training import trainer
from stages.training.checkpoint import CheckpointFolder
from stages.training.inputs import Inputs
from stages.training.settings import Train
from tests.conftest import PROJECT, TRAIN


class _KilledError(Exception):
    """Simulates a killed process."""


def _trained(
    settings: Train, data: LabelledImages, folder: Path
) -> tuple[list[bytes], list[dict[str, float]]]:
    """Train the first network, with checkpoints in `folder`; return its weights and its history."""
    checkpoints = CheckpointFolder(folder, "key")
    trained, history = trainer.train_network(settings, Inputs(data, data, 10), checkpoints, 0)
    return [weight.tobytes() for weight in trained.get_weights()], history


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "optimizer"),
    [("mlp", "rmsprop"), ("mlp", "sgd"), ("small-normalised-cnn", "adam")],
)
def test_a_resumed_run_ends_in_the_same_weights(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    random_images: LabelledImages,
    optimizer: str,
    model: str,
) -> None:
    """A run killed after its second epoch resumes and ends bit for bit the same."""
    settings = TRAIN.model_copy(update={"optimizer": optimizer, "model": model})
    undisturbed = _trained(settings, random_images, tmp_path_factory.mktemp("a"))

    folder = tmp_path_factory.mktemp("b")
    on_epoch_end = trainer.EpochRecorder.on_epoch_end

    def killed(self: trainer.EpochRecorder, epoch: int, logs: dict[str, float]) -> None:
        on_epoch_end(self, epoch, logs)
        if epoch == 1:
            raise _KilledError

    with monkeypatch.context() as patch:
        patch.setattr(trainer.EpochRecorder, "on_epoch_end", killed)
        with pytest.raises(_KilledError):
            _trained(settings, random_images, folder)
    capsys.readouterr()
    assert _trained(settings, random_images, folder) == undisturbed
    assert "resuming after epoch 2 of 4" in capsys.readouterr().out


@pytest.mark.slow
def test_steps_per_execution_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """The weights do not depend on steps_per_execution, even if it does not divide seven."""
    assert (
        trainer.compiled_model(TRAIN, 10, 1).steps_per_execution == TRAIN.steps_per_execution == 3
    )
    one_by_one, *others = (
        _trained(
            TRAIN.model_copy(update={"steps_per_execution": steps}),
            random_images,
            tmp_path_factory.mktemp("steps"),
        )
        for steps in (1, 2, 7, 100)
    )
    assert all(other == one_by_one for other in others)


@pytest.mark.slow
@pytest.mark.parametrize("restore_best_weights", [True, False])
def test_stops_and_keeps_the_best_epoch_or_the_last(
    tmp_path_factory: pytest.TempPathFactory,
    random_images: LabelledImages,
    restore_best_weights: bool,
) -> None:
    """Noise stops training early; the weights are the best or the last epoch's, as set."""
    validation = LabelledImages(random_images.images, np.roll(random_images.labels, 7))
    settings = TRAIN.model_copy(
        update={
            "epochs": 30,
            "dropout": 0.0,
            "early_stopping": TRAIN.early_stopping.model_copy(
                update={"patience": 2, "restore_best_weights": restore_best_weights}
            ),
        }
    )
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    model, history = trainer.train_network(
        settings, Inputs(random_images, validation, 10), folder, 0
    )
    assert not model.compiled  # plain Keras must load it without this project's classes
    losses = [row["val_loss"] for row in history]
    assert len(history) == losses.index(min(losses)) + 3 < 30
    model.compile(loss="sparse_categorical_crossentropy")
    expected = min(losses) if restore_best_weights else losses[-1]
    assert model.evaluate(*validation, verbose=0) == pytest.approx(expected, rel=1e-4)


def test_a_loss_that_is_not_finite_ends_the_run(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """A learning rate that is far too high gives an error and saves no state."""
    settings = TRAIN.model_copy(update={"optimizer": "sgd", "learning_rate": 1e30})
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    with pytest.raises(StageError, match=r"loss of epoch 1 is .*lower train.learning_rate"):
        trainer.train_network(settings, Inputs(random_images, random_images, 10), folder, 0)
    assert folder.load() is None


INTERRUPTED_IN_A_DESTRUCTOR = """
import os, signal, sys
from pathlib import Path
import keras
import numpy as np
from stages.training.checkpoint import CheckpointFolder
from stages.shared.arrays import LabelledImages
from stages.training.inputs import Inputs
from stages.training.trainer import train_network
from tests.conftest import TRAIN

class Doomed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)

class Interrupt(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs):
        Doomed()

data = LabelledImages(np.zeros((40, 28, 28, 1), np.uint8), np.zeros(40, np.uint8))
folder = CheckpointFolder(Path(sys.argv[1]), "key")
train_network(TRAIN, Inputs(data, data, 10), folder, 0, [Interrupt()])
"""


@pytest.mark.slow
def test_ctrl_c_is_never_lost(tmp_path: Path) -> None:
    """Ctrl-C ends training after the epoch, even in a destructor, which drops exceptions."""
    result = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IN_A_DESTRUCTOR, str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "error: interrupted; 1 of 4 epochs are kept" in result.stderr
    assert CheckpointFolder(tmp_path, "key").load() is not None
