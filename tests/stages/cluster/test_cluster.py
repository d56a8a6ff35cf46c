"""Runs on a real cluster with three nodes."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import psutil
import pytest

from stages.cluster.guard import clean_up, users
from stages.cluster.launch import VARIABLE
from tests.conftest import PROJECT, Pipeline, copy_of_project, environment
from tests.stages.cluster.conftest import NICENESS

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EPOCHS = 40  # long enough for two faults, one after the other
RAY = str(Path(sys.executable).with_name("ray"))


class Cluster(NamedTuple):
    """A cluster: its head is the node "a"; the node "other" has another version of pandas."""

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
    """Give a cluster of this machine that lasts for several runs."""
    folder = Path(tempfile.mkdtemp(prefix="test-", dir="/tmp"))
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    try:
        # Ray gives a node 30 s to start. On a busy machine that may be too little.
        while not (address := start_nodes(folder, token)):
            clean_up(folder)
        yield Cluster({VARIABLE: address} | token, folder)
    finally:
        clean_up(folder)


def start_nodes(folder: Path, token: dict[str, str]) -> str:
    """Start the head and the other nodes; return the address, or nothing if one did not start."""
    distribution = folder / "packages" / "pandas-9.9.9.dist-info"
    distribution.mkdir(parents=True)
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: pandas\nVersion: 9.9.9\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"127.0.0.1:{port}"
    options = ["--num-cpus=1", "--min-worker-port=0", "--max-worker-port=0"]
    options += ["--object-store-memory=100000000", "--disable-usage-stats"]

    def start(*own: str, **variables: str) -> bool:
        result = subprocess.run(
            [RAY, "start", *options, *own],
            env=environment() | token | NICENESS | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return result.returncode == 0

    head = ["--head", f"--port={port}", f"--temp-dir={folder}", "--include-dashboard=false"]
    started = (
        start(*head, "--node-name=a")
        and start(f"--address={address}", "--node-name=b")
        and start(f"--address={address}", "--node-name=other", PYTHONPATH=str(distribution.parent))
    )
    return address if started else ""


def train(
    project: Pipeline,
    variables: dict[str, str],
    *events: tuple[str, Callable[[], None]],
) -> tuple[int, str]:
    """Train anew with these variables; return the exit code and the output.

    Each event, a pattern and an action, is waited for in its turn: the action is called at the
    first line in which the pattern is found.
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
                pending.pop(0)[1]()
    return process.returncode, "".join(lines)


@pytest.fixture(scope="module")
def refused(
    project: Pipeline, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IO[str]]:
    """Give the messages of a driver with another token; Ray tries a while, as other tests run."""
    folder = tmp_path_factory.mktemp("refused")
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "stages.cluster", "--address", cluster.variables[VARIABLE]]
    command += ["--checkpoints", str(folder), "--log", str(folder / "ray.log")]
    command += ["--params", str(project.root / "params.yaml")]
    command += ["--processed", str(project.root / "data" / "processed")]
    command += ["--messages", str(writing), "--launcher", str(os.getpid())]
    token = {"RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with (
        subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment() | cluster.variables | token,
            pass_fds=[writing],
        ),
        open(reading) as messages,  # noqa: PTH123 - a descriptor
    ):
        os.close(writing)
        yield messages


@pytest.mark.usefixtures("refused")
def test_faults_of_nodes_cost_time_alone(project: Pipeline, cluster: Cluster) -> None:
    """After a killed worker and a node that hangs, networks resume, and the lock is the same.

    A node with another pandas gets no work.
    """
    lock = project.lock()
    stopped: list[psutil.Process] = []

    def kill() -> None:
        for process in cluster.processes("b"):
            if "train_on_node" in "".join(process.cmdline()):
                process.kill()

    def stop() -> None:
        stopped.extend(cluster.processes("b"))
        for process in stopped:
            process.suspend()

    trains = r"network \d of 2: b, epoch [1-9]"
    events = (trains, kill), ("lost on b", lambda: None), (trains, stop)
    code, output = train(project, cluster.variables, *events)
    for process in stopped:
        process.kill()
    assert code == 0, output
    lost = r"lost on b, its (process|node) .*; goes on after epoch [1-9]"
    assert re.findall(lost, output)[:2] == ["process", "node"]
    assert "node b: does not answer" in output
    assert "node other gets no work: packages.pandas: 9.9.9 there," in output
    assert not re.search(r"network \d of 2: other", output)
    assert project.lock() == lock


def test_a_wrong_token_is_one_line(refused: IO[str]) -> None:
    """The cluster refuses a driver with another token, and the error says so."""
    (message,) = [json.loads(line) for line in refused]
    assert re.match("cannot use .*: the token is missing or wrong; expected that", message["error"])
