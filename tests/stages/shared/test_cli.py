"""What a stage prints, how its errors end it, and how it runs in a process of its own."""

import io
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from stages.shared.cli import StageError, run
from tests.conftest import PROJECT

NOTHING_HALF = (
    "; no half-written file was kept: check the disk and its permissions, then type `dvc repro` "
    "again"
)
PARAMS = "download: {dataset: digits}\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StageError("found a, expected b; type c"), "found a, expected b; type c"),
        (KeyboardInterrupt(), "interrupted; type the same command to go on"),
        (OSError(28, "No space left", "a/b.npy"), f"a/b.npy: No space left{NOTHING_HALF}"),
        (OSError(28, "No space left"), f"No space left{NOTHING_HALF}"),
        (OSError("cannot\n  identify"), f"cannot identify{NOTHING_HALF}"),
        (OSError(), f"OSError{NOTHING_HALF}"),
    ],
)
def test_an_error_that_a_user_can_put_right_is_one_line(
    error: BaseException,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is on stderr, as far as it is known with the file, and the exit code is 1."""

    def main() -> None:
        raise error

    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as ended:
        run(main)
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", f"error: {line}\n")


def test_an_error_in_the_code_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches Python, also where stdout is no file, as in a notebook."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with pytest.raises(ZeroDivisionError):
        run(lambda: print(1 // 0))


def test_a_log_has_each_line_at_once_and_the_last_one_also_without_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who follows the log of a training sees how far it is; an error loses nothing of it."""
    log = tmp_path / "log"

    def main() -> None:
        print("Epoch 1/20")
        assert log.read_text() == "Epoch 1/20\n"
        print("half of a line", end="")
        raise StageError

    monkeypatch.setattr(os, "_exit", sys.exit)
    with log.open("w") as stdout, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        with pytest.raises(SystemExit):
            run(main)
        assert log.read_text() == "Epoch 1/20\nhalf of a line"


def _download(folder: Path, before: Callable[[], None] | None = None) -> tuple[int, str]:
    (folder / "params.yaml").write_text(PARAMS)
    command = [sys.executable, "-m", "stages", "download", "--raw", str(folder / "raw")]
    result = subprocess.run(
        [*command, "--params", str(folder / "params.yaml")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=before,
    )
    return result.returncode, result.stderr


def _leave_little_space() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


@pytest.mark.slow
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    """A full disk leaves no partial file; with enough space the next run succeeds."""
    code, error = _download(tmp_path, before=_leave_little_space)
    assert code == 1
    assert error.startswith("error: ")
    assert "File too large" in error
    assert error.count("\n") == 1
    assert list((tmp_path / "raw").iterdir()) == []
    assert _download(tmp_path)[0] == 0
    assert len(list((tmp_path / "raw").iterdir())) == 5


@pytest.mark.slow
def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """If a file already has the folder's name, the error names the path."""
    (tmp_path / "raw").write_text("in the way")
    code, error = _download(tmp_path)
    assert code == 1
    assert error.startswith(f"error: {tmp_path / 'raw'}")
    assert error.count("\n") == 1


@pytest.mark.slow
def test_importing_a_stage_changes_nothing_in_the_process() -> None:
    """An import of a stage keeps the excepthook and starts no thread."""
    code = (
        "import sys, threading; import stages.preprocess, stages.plot; "
        "print(sys.excepthook is sys.__excepthook__, threading.active_count())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={**os.environ, "DVC_STAGE": "plot"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == ["True", "1"]


ORPHAN = """
import os, sys, time
from pathlib import Path
import stages.preprocess
from stages.__main__ import main

def wait_until_orphaned():
    parent = os.getppid()
    Path("begun").write_text(str(os.getpid()))
    while os.getppid() == parent:
        time.sleep(0.01)
    if "DVC_STAGE" in os.environ:
        time.sleep(1000)
    time.sleep(1)  # far longer than a stage lives after its DVC is killed
    Path("lived").touch()

stages.preprocess.main = wait_until_orphaned
sys.argv = ["stages", "preprocess"]
main()
"""
STARTER = """
import subprocess, sys, time
from pathlib import Path

subprocess.Popen([sys.executable, "-c", sys.argv[1]])
while not Path("begun").exists() or not Path("begun").read_text():
    time.sleep(0.01)
"""


@pytest.mark.slow
@pytest.mark.parametrize("under_dvc", [True, False])
def test_a_stage_ends_with_the_dvc_that_started_it(tmp_path: Path, under_dvc: bool) -> None:
    """A stage ends with its DVC process; a stage started by hand outlives its parent."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    environment.pop("DVC_STAGE", None)
    if under_dvc:
        environment["DVC_STAGE"] = "preprocess"
    subprocess.run(
        [sys.executable, "-c", STARTER, ORPHAN], cwd=tmp_path, env=environment, check=True
    )
    orphan = int((tmp_path / "begun").read_text())
    while psutil.pid_exists(orphan) and psutil.Process(orphan).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert (tmp_path / "lived").exists() is not under_dvc
