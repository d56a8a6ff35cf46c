from typing import Any

import pytest

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")

import ray
from ray.exceptions import (
    NodeDiedError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)

from stages.cluster.driver import MAX_LOSSES, Driver
from stages.cluster.network import Network
from stages.shared.cli import StageError


class FakeDriver(Driver):
    """A driver without a cluster: its one network has three epochs on the disk."""

    def __init__(self, error: Exception | None) -> None:
        self.error, self.lines = error, list[str]()
        self.progress = {}
        self.board = type("Board", (), {"say": staticmethod(self.lines.append)})()

    def _load(self, network: Network) -> None:
        network.rows = [{"epoch": epoch} for epoch in (1, 2, 3)]
        network.finished = self.error is None

    def _replace(self, network: Network) -> None:
        network.task = None

    def collect(self, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the end of a task that raises the error."""

        def get(_: Any) -> None:
            if self.error:
                raise self.error

        monkeypatch.setattr(ray, "get", get)
        network.task = "task"
        self._collect(network)


def failed(error: Exception) -> RayTaskError:
    """Return what Ray raises for a task that raised `error`."""
    return RayTaskError("train_on_node", "its traceback", error)


def test_the_error_of_a_training_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also an error that the task got from the actor comes out unchanged."""
    for error in (StageError("the loss is nan"), OSError(28, "No space left")):
        for wrapped in (failed(error), failed(failed(error))):
            with pytest.raises(type(error), match=r"the loss is nan|No space left") as found:
                FakeDriver(wrapped).collect(Network(0), monkeypatch)
            assert found.value is error


def test_a_lost_task_is_given_again_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each loss is a line; after five without a new epoch the run ends."""
    driver, network = FakeDriver(WorkerCrashedError()), Network(0)
    for _ in range(MAX_LOSSES - 1):
        driver.collect(network, monkeypatch)
    line = "network 1: lost on a node, its process was killed; goes on after epoch 3"
    assert driver.lines == [line] * (MAX_LOSSES - 1)
    assert not network.finished
    with pytest.raises(StageError) as error:
        driver.collect(network, monkeypatch)
    assert str(error.value) == (
        "network 1 was lost 5 times in a row, the last time on a node: its process was killed; "
        "the states of finished epochs are kept: look at the nodes, then type the same command "
        "again"
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NodeDiedError("of age"), "its node is gone or hangs"),
        (OutOfMemoryError("of memory"), "its node ran out of memory"),
        (RayError("another\n" + "x" * 200), f"another {'x' * 92}"),
    ],
)
def test_the_reason_of_a_loss_is_said(
    error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words where there are some, else as much as Ray says in 100 characters."""
    driver = FakeDriver(error)
    driver.collect(Network(4), monkeypatch)
    assert driver.lines == [f"network 5: lost on a node, {reason}; goes on after epoch 3"]


def test_a_task_that_ends_well_finishes_its_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network has the rows of its last state, and no task any more."""
    network = Network(0)
    FakeDriver(None).collect(network, monkeypatch)
    assert (network.finished, network.task, len(network.rows)) == (True, None, 3)
