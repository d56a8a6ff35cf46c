"""A run on a real cluster of this machine, which it starts and ends itself."""

import re
from pathlib import Path

import psutil
import pytest

from stages.cluster.launch import VARIABLE
from tests.conftest import Pipeline
from tests.stages.cluster.conftest import NICENESS

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def own_processes(project: Pipeline) -> list[psutil.Process]:
    """Return the processes that work in the project, other than this one."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(project.root):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_a_cluster_of_this_machine_gives_the_same_lock(reproduced: Pipeline) -> None:
    """All epochs are taken from the cluster; no process and no folder of it is left."""
    before = {*Path("/tmp").glob("ray-*")}  # of other runs
    command = ("dvc", "repro", "--force", "--no-run-cache", "--single-item", "train")
    while True:
        result = reproduced.run(*command, **{VARIABLE: "local"}, **NICENESS)
        # Ray gives a node 30 s. On a busy machine that may be too little.
        if "timed out during startup" not in result.stdout + result.stderr:
            break
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.findall(r"finished after (\d+) epochs", result.stdout) == ["6"]
    assert re.findall(r"resuming after epoch (\d+) of", result.stdout) == ["6"]
    assert reproduced.succeed("git", "status", "--porcelain") == ""
    assert {*Path("/tmp").glob("ray-*")} <= before
    assert own_processes(reproduced) == []
    assert [*(reproduced.root / ".checkpoints").iterdir()] == []
