import os
import signal
import sys
import threading
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from stages.cluster import launch
from stages.shared.arrays import LabelledImages, save_split
from stages.shared.cli import StageError
from stages.shared.dataset import DIGITS, DataSet, write_dataset
from stages.training.early_stopping import History
from stages.training.trainer import Report
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


def ignore(_: History) -> None:
    """Report nothing."""


def run_driver(code: str, tmp_path: Path, report: Report) -> None:
    """Run Python code as the driver, which has the file `messages`."""
    script = tmp_path / "driver.py"
    script.write_text(
        "import os, signal, sys, time\n"
        "os.chdir(sys.path[0])\n"
        "messages = os.fdopen(int(sys.argv[sys.argv.index('--messages') + 1]), 'w', 1)\n" + code
    )
    command = [sys.executable, str(script), "--log", "ray.log"]
    launch.run_driver(command, dict(os.environ), report)


def test_rows_are_reported_as_they_come(tmp_path: Path) -> None:
    """Each message with rows is reported; floats stay exact."""
    code = """print('{"rows": [{"epoch": 1, "loss": 0.1234567890123456}]}', file=messages)
print('{"rows": []}', file=messages)
print('{"finished": true}', file=messages)"""
    reported: list[History] = []
    run_driver(code, tmp_path, reported.append)
    assert reported == [[{"epoch": 1, "loss": 0.1234567890123456}], []]


def test_an_error_of_the_driver_is_the_error_of_the_stage(tmp_path: Path) -> None:
    """A message with an error raises it here; one of the disk as an OSError with its path."""
    with pytest.raises(StageError, match=r"^no node$"):
        run_driver("""print('{"error": "no node"}', file=messages)""", tmp_path, ignore)
    with pytest.raises(OSError, match="No space left") as error:
        run_driver(
            """print('{"os_error": [28, "No space left", "a.npz"]}', file=messages)""",
            tmp_path,
            ignore,
        )
    assert error.value.filename == "a.npz"


@pytest.mark.parametrize(
    "code",
    [
        "os._exit(0)",
        "os.kill(os.getpid(), 9)",
        """messages.write('{"rows": [{"epo'); messages.flush(); os._exit(1)""",
    ],
)
def test_a_driver_that_dies_silently_is_noticed(code: str, tmp_path: Path) -> None:
    """Without a last message the connection counts as lost, also with exit code 0."""
    with pytest.raises(StageError, match=r"connection to the Ray cluster was lost, see ray.log"):
        run_driver(code, tmp_path, ignore)


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_driver(name: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end the driver by SIGTERM; it cleans up before the error is raised."""
    code = """signal.signal(signal.SIGTERM, lambda *_: (open('cleaned', 'w'), os._exit(1)))
print('{"rows": []}', file=messages)
time.sleep(600)"""
    main_thread = threading.main_thread().ident
    assert main_thread
    with pytest.raises(StageError, match=r"^interrupted; the states of finished epochs are kept"):
        run_driver(code, tmp_path, lambda _: signal.pthread_kill(main_thread, name))
    assert (tmp_path / "cleaned").exists()


def test_a_report_that_fails_ends_the_driver(tmp_path: Path) -> None:
    """If history.csv cannot be written, the driver does not go on, and nobody waits for it."""
    code = """while True:
    print('{"rows": []}', file=messages)"""

    def fail(_: History) -> None:
        raise OSError(28, "No space left", "history.csv")

    with pytest.raises(OSError, match="No space left"):
        run_driver(code, tmp_path, fail)


def test_ray_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_images: LabelledImages
) -> None:
    """Without Ray the error names the file of requirements."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(launch, "find_spec", lambda _: None)
    for split in ("train", "validation"):
        save_split(tmp_path, split, LabelledImages(*map(np.ascontiguousarray, random_images)))
    write_dataset(tmp_path / "dataset.json", DataSet("digits", DIGITS))
    paths = Namespace(
        params=PROJECT / "params.yaml",
        processed=tmp_path,
        history=tmp_path / "history.csv",
        progress=tmp_path / "training.json",
    )
    with (
        pytest.raises(StageError, match=r"Ray is not installed: .*requirements-cluster.txt"),
        launch.filled_checkpoints({launch.VARIABLE: "local"}, paths),
    ):
        pass
