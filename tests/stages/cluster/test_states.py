import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")

import ray

from stages.cluster.states import RemoteCheckpoints, States, Task
from stages.training.checkpoint import State
from tests.conftest import TRAIN
from tests.stages.cluster.fake import Remote

SETTINGS = TRAIN.model_copy(update={"epochs": 40})


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
    monkeypatch.setattr(ray, "wait", lambda values, timeout: (values if timeout == 0 else [], []))
    return lambda seconds: now.__setitem__(0, seconds)


def test_states_are_saved_at_most_every_30_seconds(
    tmp_path: Path, clock: Callable[[float], None]
) -> None:
    """The first state and the last are saved, and between them one in 30 seconds."""
    states = States(tmp_path, "key")
    checkpoints = RemoteCheckpoints(Remote(states), Task(2, 0, "node", 0), None, SETTINGS)
    saved = []
    for epoch in range(1, SETTINGS.epochs + 1):
        clock(5.0 * epoch)
        checkpoints.save(state(epoch), 2)
        found = states.checkpoints.load(2)
        assert found
        if len(found.history) == epoch:
            saved.append(epoch)
    assert saved == [1, 7, 13, 19, 25, 31, 37, 40]


def test_a_state_waits_until_the_one_before_is_written(
    tmp_path: Path, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk does not delay a training, and gets no more than it can write."""
    states = States(tmp_path, "key")
    checkpoints = RemoteCheckpoints(Remote(states), Task(0, 0, "node", 0), None, SETTINGS)
    checkpoints.save(state(1), 0)
    checkpoints.saving = "pending"
    done: list[str] = []
    monkeypatch.setattr(ray, "wait", lambda values, timeout: (done if timeout == 0 else [], []))
    clock(40)
    checkpoints.save(state(2), 0)
    assert checkpoints.saving == "pending"
    assert [path.name for path in tmp_path.rglob("*.npz")] == ["network-0-epoch-00001.npz"]
    done.append("pending")
    clock(20)
    checkpoints.save(state(3), 0)  # the disk is free, but it is too early
    assert checkpoints.saving is None
    clock(30)
    checkpoints.save(state(4), 0)
    names = sorted(path.name for path in tmp_path.rglob("*.npz"))
    assert names == ["network-0-epoch-00001.npz", "network-0-epoch-00004.npz"]


def test_a_task_shows_that_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once and every three seconds, in a thread that does not keep its process from ending."""
    heard: list[Task] = []
    slept: list[float] = []
    threads: list[tuple[Callable[[], None], bool]] = []
    states, task = States(tmp_path, "key"), Task(0, 0, "node", 0)
    monkeypatch.setattr(states, "hear", heard.append)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise EOFError  # which ends the thread

    def thread(target: Callable[[], None], daemon: bool) -> Any:
        return SimpleNamespace(start=lambda: threads.append((target, daemon)))

    clock = SimpleNamespace(sleep=sleep, monotonic=time.monotonic)
    monkeypatch.setattr("stages.cluster.states.time", clock)
    monkeypatch.setattr(threading, "Thread", thread)
    RemoteCheckpoints(Remote(states), task, None, SETTINGS).show_life()
    assert heard == [task]
    ((repeat, daemon),) = threads
    assert daemon
    with pytest.raises(EOFError):
        repeat()
    assert heard == [task] * 3
    assert slept == [3.0] * 3


def test_a_task_goes_on_from_the_state_that_it_was_given(tmp_path: Path) -> None:
    """Whatever the number of its network: a task trains only one."""
    given, task = state(2), Task(1, 0, "node", 2)
    remote = Remote(States(tmp_path, "key"))
    assert RemoteCheckpoints(remote, task, given, SETTINGS).load(1) is given
    assert RemoteCheckpoints(remote, task, None, SETTINGS).load(1) is None


def test_a_state_that_cannot_be_written_is_noticed(
    tmp_path: Path, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exception of a saved state is raised when the next one is due."""

    def get(saved: object) -> None:
        assert saved == "pending"
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
