"""Runs on real clusters of this machine: one for a run, and one with three nodes."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from stages.cluster.guard import clean_up, users
from stages.cluster.launch import VARIABLE, run_driver
from stages.shared.cli import StageError
from tests.conftest import Pipeline, copy_of_project, environment

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

EPOCHS = 40
RAY = str(Path(sys.executable).with_name("ray"))


class Cluster(NamedTuple):
    """A cluster with the nodes "a", "b" and "other", whose pandas has another version."""

    variables: dict[str, str]  # of a driver
    folder: Path

    def processes(self, node: str) -> list[psutil.Process]:
        """Return the processes of a node: its raylet and the workers."""
        raylets = [
            process
            for process in users(self.folder)
            if process.name() == "raylet" and f"--node-name={node}" in process.cmdline()
        ]
        return [process for raylet in raylets for process in (raylet, *raylet.children())]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Give a project of two networks that was trained without a cluster."""
    pipeline = copy_of_project(tmp_path_factory.mktemp("project"))
    pipeline.change_params({"train": {"networks": 2, "threads": 1, "epochs": EPOCHS}})
    pipeline.succeed("dvc", "repro", "train")
    return pipeline


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Give a cluster; its head offers no CPU."""
    folder = Path(tempfile.mkdtemp(prefix="test-", dir="/tmp"))
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    distribution = folder / "packages" / "pandas-9.9.9.dist-info"
    distribution.mkdir(parents=True)
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: pandas\nVersion: 9.9.9\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    options = ["--min-worker-port=0", "--max-worker-port=0", "--disable-usage-stats"]
    options += ["--object-store-memory=100000000"]

    def start(*own: str, **variables: str) -> None:
        subprocess.run(
            [RAY, "start", *options, *own],
            env=environment() | token | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )

    try:
        head = ["--head", f"--port={port}", "--num-cpus=0", f"--temp-dir={folder}"]
        start(*head, "--include-dashboard=false", "--node-name=head")
        address = f"127.0.0.1:{port}"
        for name, variables in (
            ("a", {}),
            ("b", {}),
            ("other", {"PYTHONPATH": str(distribution.parent)}),
        ):
            start(f"--address={address}", "--num-cpus=1", f"--node-name={name}", **variables)
        yield Cluster({VARIABLE: address} | token, folder)
    finally:
        clean_up(folder)


def train(
    project: Pipeline,
    variables: dict[str, str],
    *events: tuple[str, Callable[[subprocess.Popen[str], str], None]],
) -> tuple[int, str]:
    """Train anew with these variables; return the exit code and the output.

    Each event, a pattern and an action, is waited for in its turn: the action gets the process and
    the first line in which the pattern is found.
    """
    pending = [*events]
    with subprocess.Popen(
        ["dvc", "repro", "--force", "--single-item", "train"],
        cwd=project.root,
        env=environment() | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if pending and re.search(pending[0][0], line):
                pending.pop(0)[1](process, line)
    return process.returncode, "".join(lines)


def node_in(line: str) -> str:
    """Return the node that a line on a network's progress names."""
    return line.split(": ")[1].split(",")[0]


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


def test_a_cluster_of_this_machine_gives_the_same_lock(project: Pipeline) -> None:
    """Interrupted by Ctrl-C and started again, it resumes; no process and no folder is left."""
    lock = project.lock()
    before = {*Path("/tmp").glob("ray-*")}

    def interrupt(process: subprocess.Popen[str], _: str) -> None:
        os.killpg(process.pid, signal.SIGINT)

    variables = {VARIABLE: "local"}
    code, output = train(project, variables, (r"network 1 of 2: .* epoch [2-9] ", interrupt))
    assert code != 0
    assert output.count("error: interrupted; the states of finished epochs are kept") == 1
    assert "Traceback" not in output
    code, output = train(project, variables)
    assert code == 0, output
    resumed = re.search(r"network 1 of 2: this machine, epoch (\d+)", output)
    assert resumed
    assert int(resumed[1]) > 0
    assert f"resuming after epoch {EPOCHS} of {EPOCHS}" in output
    assert project.lock() == lock
    assert {*Path("/tmp").glob("ray-*")} == before
    assert own_processes(project) == []
    assert not (project.root / ".checkpoints").exists() or not [
        *(project.root / ".checkpoints").iterdir()
    ]


def test_faults_of_nodes_cost_time_alone(project: Pipeline, cluster: Cluster) -> None:
    """After a killed worker and a node that hangs, networks resume, and the lock is the same.

    A node with another pandas gets no work.
    """
    lock = project.lock()
    stopped: list[psutil.Process] = []

    def kill(_: object, line: str) -> None:
        for process in cluster.processes(node_in(line)):
            if "train_on_node" in "".join(process.cmdline()):
                process.kill()

    def stop(_: object, line: str) -> None:
        stopped.extend(cluster.processes(node_in(line)))
        for process in stopped:
            process.suspend()

    first, second = (
        (r"network 1 of 2: \w+, epoch [2-9] ", kill),
        (r"network 1 of 2: \w+, epoch 1\d ", stop),
    )
    code, output = train(project, cluster.variables, first, second)
    for process in stopped:
        process.kill()
    assert code == 0, output
    lost = r"network 1: lost on (\w+), its (process was killed|node .*); goes on after epoch [1-9]"
    assert len(re.findall(lost, output)) == 2
    assert "node other gets no work: packages.pandas: 9.9.9 there," in output
    assert not re.search(r"network \d of 2: other", output)
    assert project.lock() == lock


def test_a_wrong_token_is_one_line(project: Pipeline, cluster: Cluster, tmp_path: Path) -> None:
    """The cluster refuses a driver with another token, and the error says so."""
    command = [sys.executable, "-m", "stages.cluster", "--address", cluster.variables[VARIABLE]]
    command += ["--checkpoints", str(tmp_path), "--log", str(tmp_path / "ray.log")]
    command += ["--params", str(project.root / "params.yaml")]
    command += ["--processed", str(project.root / "data" / "processed")]
    token = {"RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with pytest.raises(StageError, match=r"^cannot use .*: the token is missing or wrong; .*$"):
        run_driver(command, environment() | cluster.variables | token, lambda _: None)


def test_an_error_of_a_training_is_one_line(project: Pipeline, cluster: Cluster) -> None:
    """An error in a task ends the run with the line that a run without a cluster prints."""
    code_file = project.root / "stages" / "training" / "trainer.py"
    code = code_file.read_text()
    code_file.write_text(code.replace("if not (math.isfinite(", "if epoch or not (math.isfinite("))
    code_number, output = train(project, cluster.variables)
    code_file.write_text(code)
    assert code_number != 0
    assert re.findall("error: .*", output) == [
        line for line in output.splitlines() if "the loss of epoch 2 is " in line
    ]
    assert "Traceback" not in output
