import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")

from stages.cluster import task
from stages.cluster.states import RemoteCheckpoints, States, Task
from stages.training import determinism, trainer
from stages.training.checkpoint import State
from tests.conftest import TRAIN
from tests.stages.cluster.fake import Remote

HISTORY = [{"epoch": 1.0, "val_loss": 0.5}, {"epoch": 2.0, "val_loss": 0.25}]


@pytest.mark.parametrize(("state", "resumed"), [(None, 0), (State(HISTORY, [], []), 2)])
def test_a_node_trains_as_this_machine_does(
    state: State | None, resumed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the run's kernels, threads and seed, set before the training; its rows are reported."""
    calls: list[Any] = []
    states = States(tmp_path, "key")
    context = SimpleNamespace(get_node_id=lambda: "node")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setattr("ray.get_runtime_context", lambda: context)
    monkeypatch.setattr(RemoteCheckpoints, "show_life", lambda self: calls.append(self.task))
    monkeypatch.setattr(determinism, "use_kernels", lambda *args: calls.append(args))
    monkeypatch.setattr(determinism, "make_deterministic", calls.append)

    def train_network(
        settings: object, inputs: object, checkpoints: Any, index: int, report: trainer.Report
    ) -> None:
        calls.append(os.environ["OMP_NUM_THREADS"])
        assert (settings, inputs, index) == (TRAIN, "inputs", 4)
        assert checkpoints.load(4) is state
        assert (checkpoints.states, checkpoints.settings) == (remote, TRAIN)
        report(HISTORY)

    monkeypatch.setattr(trainer, "train_network", train_network)
    remote = Remote(states)
    task.train_on_node(TRAIN, "inputs", remote, state, 4, 1, "3")  # type: ignore[arg-type]
    own = Task(4, 1, "node", resumed)
    assert calls == [own, (TRAIN.threads, TRAIN.instruction_set), TRAIN.seed, "3"]
    assert (states.tasks, states.rows) == ({4: own}, {4: HISTORY})


def test_a_node_describes_itself_with_the_drivers_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each node would differ from the driver's machine in what Ray has set."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert task.describe("3")["variables"]["OMP_NUM_THREADS"] == "3"
