import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")

import ray

from stages.cluster.states import RemoteCheckpoints, States, Task
from stages.training.checkpoint import State
from tests.conftest import TRAIN

SETTINGS = TRAIN.model_copy(update={"epochs": 40})


class Remote:
    """An object whose methods are called like those of an actor, at once."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._actor, name)
        return type("Method", (), {"remote": staticmethod(method)})


def state(epochs: int) -> State:
    """Return a state after some epochs; the loss falls, so that no training stops early."""
    history = [{"epoch": epoch, "val_loss": 1 / epoch} for epoch in range(1, epochs + 1)]
    return State(history, [np.zeros(1)], [np.zeros(1)])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Give a function that sets the time that the module sees, in seconds."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(ray, "get", lambda value: value)
    monkeypatch.setattr(ray, "wait", lambda values, timeout: (values, []))
    return lambda seconds: now.__setitem__(0, seconds)


def test_states_are_saved_at_most_every_30_seconds(
    tmp_path: Path, clock: Callable[[float], None]
) -> None:
    """The first state and the last are saved, and between them one in 30 seconds."""
    states = States(tmp_path, "key")
    checkpoints = RemoteCheckpoints(Remote(states), Task(0, 0, "node", 0), None, SETTINGS)
    saved = []
    for epoch in range(1, SETTINGS.epochs + 1):
        clock(4.0 * epoch)
        checkpoints.save(state(epoch), 0)
        found = states.checkpoints.load(0)
        assert found
        if len(found.history) == epoch:
            saved.append(epoch)
    assert saved == [1, 9, 17, 25, 33, 40]


def test_a_state_that_cannot_be_written_is_noticed(
    tmp_path: Path, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exception of a saved state is raised when the next one is due."""

    def get(_: object) -> None:
        raise OSError(28, "No space left")

    checkpoints = RemoteCheckpoints(
        Remote(States(tmp_path, "key")), Task(0, 0, "node", 0), None, SETTINGS
    )
    checkpoints.save(state(1), 0)
    checkpoints.saving = "pending"
    monkeypatch.setattr(ray, "get", get)
    clock(40)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save(state(2), 0)


def test_a_replaced_task_counts_no_more(tmp_path: Path, clock: Callable[[float], None]) -> None:
    """What the task of a lost node still sends changes nothing; its successor is seen."""
    states = States(tmp_path, "key")
    first, second = Task(0, 0, "a", 0), Task(0, 1, "b", 3)
    states.report(first, [{"epoch": 1}])
    assert states.progress()[0].rows == [{"epoch": 1}]
    states.replace(0, attempt=0)
    states.report(first, [{"epoch": 1}, {"epoch": 2}])
    states.hear(first)
    assert states.progress() == {}
    clock(5)
    states.hear(second)
    clock(9)
    states.hear(first)
    clock(12)
    assert states.progress() == {0: (second, [], 7.0, 7.0)}


def test_a_state_goes_round_unchanged(tmp_path: Path) -> None:
    """A new actor, as after a kill, has the states of the one before."""
    States(tmp_path, "key").save(state(3), 1)
    found = States(tmp_path, "key").checkpoints.load(1)
    assert found
    assert found.history == state(3).history
