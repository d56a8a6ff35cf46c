import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from stages.shared.arrays import LabelledImages
from stages.training.checkpoint import CheckpointFolder
from stages.training.inputs import Inputs
from stages.training.trainer import train_network
from tests.conftest import PROJECT, TRAIN


class _EndedError(Exception):
    """Stands for the end of the process."""


def test_ctrl_c_says_how_to_go_on(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    random_images: LabelledImages,
) -> None:
    """The process ends with code 1 and one line; after the training Ctrl-C is as before."""

    class Interrupted(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
        def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    def end(code: int) -> None:
        assert code == 1
        raise _EndedError

    monkeypatch.setattr(os, "_exit", end)
    before = signal.getsignal(signal.SIGINT)
    inputs, folder = Inputs(random_images, random_images, 10), CheckpointFolder(tmp_path, "key")
    with pytest.raises(_EndedError):
        train_network(TRAIN, inputs, folder, 0, [Interrupted()])
    assert signal.getsignal(signal.SIGINT) is before
    assert capfd.readouterr().err == (
        "error: interrupted; 0 of 4 epochs are kept: "
        "type the same command again, such as `dvc repro`, to go on after them\n"
    )


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
