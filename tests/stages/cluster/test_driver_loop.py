import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")

from ray.exceptions import WorkerCrashedError

from stages.cluster.driver import TICK, Driver
from stages.cluster.progress import Board
from stages.cluster.states import Task
from stages.shared.arrays import LabelledImages, load_split, save_split
from stages.shared.cli import StageError
from stages.training.checkpoint import CheckpointFolder, State
from stages.training.early_stopping import History
from stages.training.inputs import Inputs
from tests.conftest import TRAIN
from tests.stages.cluster.fake import HEAD, Cluster, Handle

SETTINGS = TRAIN.model_copy(update={"epochs": 3, "networks": 2})


def state(epochs: int) -> State:
    """Return a state after some epochs; the loss falls, so that no training stops early."""
    history = [{"epoch": float(epoch), "val_loss": 1 / epoch} for epoch in range(1, epochs + 1)]
    return State(history, [np.full(1, epochs)], [np.zeros(1)])


def rows(network: int, epochs: int) -> History:
    """Return the rows of a network, counted from 1, after some epochs; the last one is kept."""
    return [
        {"network": network, "epoch": epoch, "val_loss": 1 / epoch, "kept": int(epoch == epochs)}
        for epoch in range(1, epochs + 1)
    ]


class Run:
    """A driver on a cluster, and what happens at each of its looks at it."""

    def __init__(self, cluster: Cluster, folder: Path, data: LabelledImages) -> None:
        self.cluster = cluster
        self.checkpoints = CheckpointFolder(folder, "key")
        self.inputs = Inputs(data, data, 10, data)
        self.reports: list[History] = []
        self.output = io.StringIO()

    def train(self, *events: Callable[[], None]) -> list[str]:
        """Train to the end, which comes with the last event; return the lines that are shown."""
        self.cluster.events = iter(events)
        driver = Driver(SETTINGS, self.checkpoints, self.reports.append, Board(self.output))
        driver.train(self.inputs)
        assert [*self.cluster.events] == []
        return self.output.getvalue().splitlines()

    def task(self, network: int) -> Handle:
        """Return the newest task of a network, from 0."""
        return [handle for handle in self.cluster.tasks if handle.args[4] == network][-1]

    def hear(self, network: int, node: str, epochs: int = 0) -> None:
        """Let a network's task live on a node, and report its rows if it has any."""
        args = self.task(network).args
        task = Task(network, args[5], node, len(args[3].history) if args[3] else 0)
        self.cluster.actor.hear(task)
        if epochs:
            self.cluster.actor.report(task, rows(network + 1, epochs))

    def finish(self, network: int) -> None:
        """End a network's task with its last state on the disk."""
        self.checkpoints.save(state(3), network)
        self.task(network).ends()


@pytest.fixture
def run(cluster: Cluster, tmp_path: Path, random_images: LabelledImages) -> Run:
    """Give a run of two networks of three epochs each, with data in mapped files."""
    save_split(tmp_path, "train", random_images)
    return Run(cluster, tmp_path / "states", load_split(tmp_path, "train"))


def test_two_networks_on_two_nodes(run: Run, cluster: Cluster) -> None:
    """What each task is given, what is reported after each epoch, and what is shown of it."""

    def begin() -> None:
        run.hear(0, "a")

    def first_epoch() -> None:
        run.hear(0, "a", 1)
        run.hear(1, "b")

    def both() -> None:
        run.finish(0)
        run.finish(1)

    lines = run.train(begin, first_epoch, both)
    assert sorted(lines[:2]) == ["node A: as this machine", "node B: as this machine"]
    assert lines[2:] == [
        "network 1 of 2: A, epoch 0 of 3",
        "network 2 of 2: waiting",
        "network 1 of 2: A, epoch 1 of 3, 1 s left",
        "network 2 of 2: B, epoch 0 of 3",
        "network 1 of 2: finished after 3 epochs",
        "network 2 of 2: finished after 3 epochs",
    ]
    assert run.reports == [rows(1, 1), rows(1, 3) + rows(2, 3)]
    assert cluster.cancelled == []
    for index, handle in enumerate(cluster.tasks):
        settings, inputs, states, begun, *rest = handle.args
        assert (handle.name, settings, begun) == ("train_on_node", SETTINGS, None)
        assert states._actor is cluster.actor
        assert rest == [index, 0, "3"]
        assert handle.nodes == {"a", "b"}
        options = {
            name: handle.options[name] for name in handle.options.keys() - {"label_selector"}
        }
        assert options == {"num_cpus": 1, "max_calls": 1, "max_retries": 0}
        assert inputs.num_classes == 10
        for split in (inputs.training, inputs.validation, inputs.own):
            for found, mapped in zip(split, run.inputs.training, strict=True):
                # A map would be read from the disk of a node, or copied into each process.
                assert type(found) is np.ndarray
                np.testing.assert_array_equal(found, mapped)


def test_the_states_are_kept_on_the_drivers_machine(run: Run, cluster: Cluster) -> None:
    """The actor starts again after a fault, takes no CPU, and writes in a thread of its own."""
    run.checkpoints.save(state(3), 0)
    run.checkpoints.save(state(3), 1)
    assert run.train() == []  # nothing is left to do, and no node is asked
    place = cluster.actor_options.pop("scheduling_strategy")
    assert (place.node_id, place.soft) == (HEAD, False)
    assert cluster.actor_options == {
        "num_cpus": 0,
        "concurrency_groups": {"files": 1},
        "max_restarts": -1,
        "max_task_retries": -1,
    }
    cluster.actor.save(state(4), 1)
    found = run.checkpoints.load(1)
    assert found
    assert len(found.history) == 4


def test_a_node_that_hangs_loses_its_task(run: Run, cluster: Cluster) -> None:
    """After 15 s of silence the network goes on elsewhere, from its last state.

    A task that waits is given anew too, as it may wait for that node.
    """

    def begin() -> None:
        run.hear(0, "a", 1)
        run.checkpoints.save(state(1), 0)

    def silence() -> None:
        cluster.now += 14.5  # and TICK: 15 s are not yet too long

    def hang() -> None:
        del cluster.facts["a"]

    def elsewhere() -> None:
        assert [handle.args[4:6] for handle in cluster.tasks] == [(0, 0), (1, 0), (0, 1), (1, 1)]
        assert cluster.cancelled == cluster.tasks[:2]
        assert all(handle.nodes == {"b"} for handle in cluster.tasks[2:])
        given = run.task(0).args[3]
        assert len(given.history) == 1
        run.hear(0, "b")
        # What the first task still says is too late.
        cluster.actor.report(Task(0, 0, "a", 0), rows(1, 2))

    def end() -> None:
        run.finish(0)
        run.finish(1)

    lines = run.train(begin, silence, hang, elsewhere, end)
    assert lines[2:] == [
        "network 1 of 2: A, epoch 1 of 3, 0 s left",
        "network 2 of 2: waiting",
        "node A: does not answer",
        "network 1: lost on A, its node is gone or hangs; goes on after epoch 1",
        "network 1 of 2: B, epoch 1 of 3",
        "network 1 of 2: finished after 3 epochs",
        "network 2 of 2: finished after 3 epochs",
    ]


def test_a_busy_node_gets_more_time(run: Run, cluster: Cluster) -> None:
    """After each loss the next task may be silent for twice as long, until an epoch ends."""
    attempts: list[int] = []

    def go_on() -> None:
        attempts.append(run.task(0).args[5])
        run.hear(0, "a")

    def silent_for(seconds: float) -> Callable[[], None]:
        def wait() -> None:
            cluster.now += seconds - TICK
            run.hear(1, "b")

        return wait

    def end() -> None:
        go_on()
        run.finish(0)
        run.finish(1)

    events = [silent_for(15), go_on, silent_for(15.5), go_on, silent_for(30), go_on]
    events += [silent_for(30.5), go_on, lambda: run.hear(0, "a", 1), silent_for(15.5), end]
    run.train(go_on, *events)
    assert attempts == [0, 0, 1, 1, 2, 3]


def test_a_node_that_is_gone_loses_its_task(run: Run, cluster: Cluster) -> None:
    """At once; without a node everything waits, and goes on when there is one again."""

    def begin() -> None:
        run.hear(0, "a")
        run.hear(1, "b")

    def lose() -> None:
        cluster.alive, cluster.gone = {}, ["a", "b"]

    def wait() -> None:
        assert cluster.cancelled == cluster.tasks
        assert len(cluster.tasks) == 2

    def come() -> None:
        cluster.alive = {"c": {"CPU": 2.0}}
        cluster.facts["c"] = cluster.facts["a"]

    def end() -> None:
        assert [handle.args[5] for handle in cluster.tasks] == [0, 0, 1, 1]
        assert all(handle.nodes == {"c"} for handle in cluster.tasks[2:])
        run.finish(0)
        run.finish(1)

    lines = run.train(begin, lose, wait, come, end)
    assert "network 1: lost on A, its node is gone or hangs; goes on after epoch 0" in lines
    assert "network 2: lost on B, its node is gone or hangs; goes on after epoch 0" in lines


def test_a_network_that_is_lost_again_and_again_ends_the_run(run: Run) -> None:
    """Five times without a new epoch; an epoch that was there before is not a new one."""

    def crash() -> None:
        run.task(0).ends(error=WorkerCrashedError())

    def epoch() -> None:
        run.hear(0, "a", 1)
        run.checkpoints.save(state(1), 0)

    def finish_other() -> None:
        run.finish(1)

    def hear() -> None:
        run.hear(0, "b", 1)

    with pytest.raises(StageError, match=r"network 1 was lost 5 times .* the last time on B: its"):
        run.train(finish_other, *[crash] * 4, epoch, crash, hear, *[crash] * 3, hear, crash)
    lines = run.output.getvalue().splitlines()
    ends = [line.rpartition(", ")[2] for line in lines if "lost on" in line]
    assert (
        ends
        == ["its process was killed; goes on after epoch 0"] * 4
        + ["its process was killed; goes on after epoch 1"] * 4
    )


def test_a_last_state_that_is_damaged_is_a_loss(run: Run) -> None:
    """The network goes on after the state before; the one that finished is not given again."""

    def damaged() -> None:
        run.finish(0)
        run.finish(1)
        run.checkpoints.save(state(2), 0)
        (run.checkpoints.folder / "network-0-epoch-00003.npz").write_bytes(b"")

    def again() -> None:
        assert [handle.args[4:6] for handle in run.cluster.tasks] == [(0, 0), (1, 0), (0, 1)]
        run.finish(0)

    lines = run.train(damaged, again)
    assert "network 1: lost on a node, its last state is damaged; goes on after epoch 2" in lines
    assert run.reports == [rows(1, 2) + rows(2, 3), rows(1, 3) + rows(2, 3)]
