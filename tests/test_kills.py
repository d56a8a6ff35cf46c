"""The short version of tests/kills.py: one Ctrl-C and one kill during training."""

import os
import signal
import subprocess
import time

import pytest

from tests.conftest import Pipeline, copy_of_project
from tests.kills import kill_once, last_epoch, set_epochs, start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, str]:
    """Give a project whose training was ended by Ctrl-C, and what the run printed."""
    pipeline = copy_of_project(tmp_path_factory.mktemp("project"))
    set_epochs(pipeline)
    running = start(pipeline, "train")
    _wait_for_epoch(1, pipeline, running)
    os.killpg(running.pid, signal.SIGINT)
    printed, _ = running.communicate()
    assert running.returncode != 0
    return pipeline, printed


def _wait_for_epoch(epoch: int, pipeline: Pipeline, process: subprocess.Popen[str]) -> None:
    while last_epoch(pipeline) < epoch and process.poll() is None:
        time.sleep(0.01)


def test_ctrl_c_ends_a_run_at_once(interrupted: tuple[Pipeline, str]) -> None:
    """Ctrl-C keeps the last finished epoch and prints one line."""
    pipeline, printed = interrupted
    assert "error: interrupted; " in printed
    assert "Traceback" not in printed
    assert last_epoch(pipeline)


def test_a_killed_run_goes_on_to_the_same_lock(interrupted: tuple[Pipeline, str]) -> None:
    """A run that is killed later than Ctrl-C ended the other resumes to the same bytes.

    Its stage notices that DVC is killed.
    """
    pipeline, _ = interrupted
    assert "resuming after epoch" in pipeline.succeed("dvc", "repro", "train")
    lock = pipeline.lock()
    outcome = kill_once(
        pipeline, lock, lambda process: _wait_for_epoch(4, pipeline, process), False, "train"
    )
    assert outcome.stage == "train"
    assert outcome.epochs >= 4
    assert outcome.good
