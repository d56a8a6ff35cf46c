"""The short version of tests/kills.py: one Ctrl-C and one kill during training."""

import os
import signal
import subprocess
import time

import pytest

from tests.conftest import Pipeline
from tests.kills import kill_once, last_epoch, start

pytestmark = pytest.mark.slow

TRAIN_ANEW = ("--force", "--no-run-cache", "--single-item", "train")


@pytest.fixture(scope="module")
def interrupted(reproduced: Pipeline) -> tuple[Pipeline, str]:
    """Give a project whose training was ended by Ctrl-C, and what the run printed."""
    running = start(reproduced, *TRAIN_ANEW)
    _wait_for_epoch(1, reproduced, running)
    os.killpg(running.pid, signal.SIGINT)
    printed, _ = running.communicate()
    assert running.returncode != 0
    return reproduced, printed


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
    """A run that goes on after Ctrl-C and is then killed ends in the bytes of an undisturbed one.

    Its stage notices that DVC is killed.
    """
    pipeline, _ = interrupted
    kept = last_epoch(pipeline)
    outcome = kill_once(
        pipeline,
        pipeline.succeed("git", "show", "HEAD:dvc.lock"),
        lambda process: _wait_for_epoch(kept + 1, pipeline, process),
        False,
        *TRAIN_ANEW,
    )
    assert outcome.stage == "train"
    assert outcome.epochs > kept
    assert outcome.good
