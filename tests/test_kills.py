"""The short version of tests/kills.py: one kill and one Ctrl-C during training."""

import os
import signal
import subprocess
import time

import pytest

from tests.conftest import Pipeline
from tests.kills import kill_once, prepare, start, states

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, str]:
    """Give a project after an undisturbed run, and its dvc.lock."""
    pipeline, lock, _ = prepare(tmp_path_factory.mktemp("project"), "train")
    return pipeline, lock


def _wait_for_first_epoch(pipeline: Pipeline, process: subprocess.Popen[str]) -> None:
    while not states(pipeline) and process.poll() is None:
        time.sleep(0.01)


def test_a_killed_run_goes_on_to_the_same_lock(prepared: tuple[Pipeline, str]) -> None:
    """Training resumes to the same bytes after a kill of DVC, which its stage notices."""
    pipeline, lock = prepared
    outcome = kill_once(
        pipeline,
        lock,
        lambda process: _wait_for_first_epoch(pipeline, process),
        False,
        "train",
    )
    assert outcome.stage == "train"
    assert outcome.epochs > 0
    assert outcome.good


def test_ctrl_c_ends_a_run_at_once(prepared: tuple[Pipeline, str]) -> None:
    """Ctrl-C keeps the last finished epoch and prints one line; the next run resumes."""
    pipeline, lock = prepared
    pipeline.succeed("git", "clean", "-dffxq")
    running = start(pipeline, "train")
    _wait_for_first_epoch(pipeline, running)
    os.killpg(running.pid, signal.SIGINT)
    printed, _ = running.communicate()
    assert running.returncode != 0
    assert "error: interrupted; " in printed
    assert "Traceback" not in printed
    assert states(pipeline)
    assert "resuming after epoch" in pipeline.succeed("dvc", "repro", "train")
    assert pipeline.lock() == lock
