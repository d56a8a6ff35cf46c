"""Stages as commands, in processes of their own, as DVC starts them."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PROJECT

PARAMS = "download: {dataset: digits}\n"


def _download(folder: Path, before: Callable[[], None] | None = None) -> tuple[int, str]:
    (folder / "params.yaml").write_text(PARAMS)
    command = [sys.executable, "-m", "stages.download", "--raw", str(folder / "raw")]
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
def test_a_full_disk_is_one_line_and_passes(tmp_path: Path) -> None:
    """A file that cannot be written whole is not there at all; with space again it is."""
    code, error = _download(tmp_path, before=_leave_little_space)
    assert code == 1
    assert error.startswith("error: ")
    assert "File too large" in error
    assert error.count("\n") == 1
    assert list((tmp_path / "raw").iterdir()) == []
    assert _download(tmp_path)[0] == 0
    assert len(list((tmp_path / "raw").iterdir())) == 4


@pytest.mark.slow
def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, the message names it."""
    (tmp_path / "raw").write_text("in the way")
    code, error = _download(tmp_path)
    assert code == 1
    assert error.startswith(f"error: {tmp_path / 'raw'}")
    assert error.count("\n") == 1


@pytest.mark.slow
def test_missing_paths_are_wrong_use() -> None:
    """Without its paths a stage says which are missing, and exits with 2."""
    result = subprocess.run(
        [sys.executable, "-m", "stages.plot"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "--history" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("under_dvc", [True, False])
def test_a_stage_ends_with_the_dvc_that_started_it(tmp_path: Path, under_dvc: bool) -> None:
    """When DVC is killed its stage does not live on; started by hand it is left alone."""
    code = (
        "import time, pathlib; from stages.command import run; "
        f"run(lambda: (time.sleep(1.5), pathlib.Path({str(tmp_path / 'lived')!r}).touch()))"
    )
    starter = (
        "import subprocess, sys, time; "
        f"subprocess.Popen([sys.executable, '-c', {code!r}]); time.sleep(0.5)"
    )
    environment = {**os.environ, "DVC_STAGE": "train"} if under_dvc else dict(os.environ)
    subprocess.run([sys.executable, "-c", starter], cwd=PROJECT, env=environment, check=True)
    time.sleep(2.5)
    assert (tmp_path / "lived").exists() is not under_dvc
