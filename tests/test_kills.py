"""The short version of tests/kills.py: one kill of each kind, after the first epoch."""

import subprocess
import time

import pytest

from tests.kills import kill_once, prepare, states

pytestmark = pytest.mark.slow


def test_a_killed_run_goes_on_to_the_same_lock(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Killed with all its processes, or DVC alone, training resumes and ends in the same bytes."""
    pipeline, lock, _ = prepare(tmp_path_factory.mktemp("project"))

    def first_epoch(process: subprocess.Popen[str]) -> None:
        while not states(pipeline) and process.poll() is None:
            time.sleep(0.01)

    for whole_group in (True, False):
        outcome = kill_once(pipeline, lock, first_epoch, whole_group)
        assert outcome.stage == "train"
        assert outcome.had_state
        assert outcome.resumed
        assert outcome.same_lock
