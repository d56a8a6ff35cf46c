"""The checkpoints of a run, for tasks on other nodes."""

import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import ray

from stages.training.checkpoint import CheckpointFolder, State
from stages.training.early_stopping import History, is_finished
from stages.training.settings import Train

SECONDS_BETWEEN_HEARTBEATS = 3.0
SECONDS_BETWEEN_STATES = 30.0  # a state has some megabytes, and one process writes all of them


class Task(NamedTuple):
    """A task that trains a network, as its heartbeats describe it."""

    network: int  # from 0
    attempt: int  # counts the tasks of this network
    node: str  # its identity
    resumed_after: int  # epochs


class Progress(NamedTuple):
    """How far a task is."""

    task: Task
    rows: History  # as `trainer.Report` gets them; empty until the first epoch ends
    seconds: float  # since the task began
    silence: float  # seconds since its last heartbeat


class States:
    """The folder of checkpoints, and how far each network is: an actor on the driver's machine.

    What comes from a task that was replaced is ignored, but for its states: they are as good.
    """

    def __init__(self, root: Path, key: str) -> None:
        self.checkpoints = CheckpointFolder(root, key)
        self.tasks: dict[int, Task] = {}
        self.began: dict[int, float] = {}
        self.heard: dict[int, float] = {}
        self.rows: dict[int, History] = {}
        self.replaced: dict[int, int] = {}  # the last attempt that counts no more

    @ray.method(concurrency_group="files")  # type: ignore[untyped-decorator]
    def save(self, state: State, index: int) -> None:
        """Write a state of network `index`. A slow disk delays no other method."""
        self.checkpoints.save(state, index)

    def hear(self, task: Task) -> None:
        """Note that a task lives."""
        index = task.network
        if task.attempt <= self.replaced.get(index, -1):
            return
        if self.tasks.get(index) != task:
            self.tasks[index], self.began[index] = task, time.monotonic()
            self.rows[index] = []
        self.heard[index] = time.monotonic()

    def report(self, task: Task, rows: History) -> None:
        """Note the rows of a task's network so far."""
        self.hear(task)
        if self.tasks.get(task.network) == task:
            self.rows[task.network] = rows

    def replace(self, index: int, attempt: int) -> None:
        """Ignore this attempt to train network `index` and those before it."""
        self.replaced[index] = attempt
        self.tasks.pop(index, None)

    def progress(self) -> dict[int, Progress]:
        """Return how far each network is that a task trains or has trained."""
        now = time.monotonic()
        return {
            index: Progress(
                task, self.rows[index], now - self.began[index], now - self.heard[index]
            )
            for index, task in self.tasks.items()
        }


def states_actor() -> Any:
    """Return `States` as a kind of actor: it takes no CPU, and files have a thread of their own."""
    return ray.remote(num_cpus=0, concurrency_groups={"files": 1})(States)


class RemoteCheckpoints:
    """What a training needs of a `CheckpointFolder`, by way of the actor `States`.

    It waits for the actor only at the end: while a task waits, Ray gives its CPUs to another one.
    """

    def __init__(self, states: Any, task: Task, state: State | None, settings: Train) -> None:
        self.states, self.task, self.state, self.settings = states, task, state, settings
        self.saved = -SECONDS_BETWEEN_STATES
        self.saving: Any = None

    def show_life(self) -> None:
        """Send a heartbeat now, and others until this process ends."""

        def repeat() -> None:
            while True:
                time.sleep(SECONDS_BETWEEN_HEARTBEATS)
                self.states.hear.remote(self.task)

        self.states.hear.remote(self.task)
        threading.Thread(target=repeat, daemon=True).start()

    def load(self, _: int) -> State | None:
        """Return the state from which the network goes on, None at its start."""
        return self.state

    def save(self, state: State, index: int) -> None:
        """Save a state of network `index`: the first one, the last one, and one in 30 s.

        Raises the exception of a state that could not be written.
        """
        stopping = self.settings.early_stopping
        if is_finished(state.history, self.settings.epochs, stopping):
            ray.get(self.states.save.remote(state, index))
        elif self._is_due():
            self.saving = self.states.save.remote(state, index)
            self.saved = time.monotonic()

    def _is_due(self) -> bool:
        if self.saving is not None:
            if not ray.wait([self.saving], timeout=0)[0]:
                return False
            ray.get(self.saving)
            self.saving = None
        return time.monotonic() - self.saved >= SECONDS_BETWEEN_STATES
