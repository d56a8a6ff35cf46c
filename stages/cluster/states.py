"""The checkpoints of a run, for tasks on other nodes."""

import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import ray

from stages.training.checkpoint import CheckpointFolder, State
from stages.training.early_stopping import History, is_finished
from stages.training.settings import Train

SECONDS_BETWEEN_SIGNS = 3.0  # of life
SECONDS_BETWEEN_STATES = 30.0  # a state has some megabytes, and one process writes all of them


class Progress(NamedTuple):
    """How far the task of a network is."""

    node: str  # its identity
    rows: History  # as `trainer.Report` gets them; empty until the first epoch ends
    resumed_after: int  # epochs
    seconds: float  # since the task began to train
    silence: float  # seconds since the task's last sign of life


class States:
    """The folder of checkpoints, and how far each network is: an actor on the driver's machine."""

    def __init__(self, root: Path, key: str) -> None:
        self.checkpoints = CheckpointFolder(root, key)
        self.started: dict[int, tuple[str, int, float]] = {}
        self.rows: dict[int, History] = {}
        self.heard: dict[int, float] = {}

    def start(self, index: int, node: str, finished: int) -> None:
        """Note that `node` trains network `index`, of which `finished` epochs are there."""
        self.started[index] = node, finished, time.monotonic()
        self.rows[index] = []
        self.hear(index)

    def hear(self, index: int) -> None:
        """Note that the task of network `index` lives."""
        self.heard[index] = time.monotonic()

    def save(self, state: State, index: int) -> None:
        """Write a state of network `index`."""
        self.checkpoints.save(state, index)

    def report(self, rows: History, index: int) -> None:
        """Note the rows of network `index` so far."""
        self.rows[index] = rows

    def take_back(self, index: int) -> Progress | None:
        """Forget that network `index` began; return how far it was, None if it had not begun."""
        progress = self.progress().get(index)
        self.started.pop(index, None)
        return progress

    def progress(self) -> dict[int, Progress]:
        """Return how far each network is whose training began."""
        now = time.monotonic()
        return {
            index: Progress(node, self.rows[index], finished, now - since, now - self.heard[index])
            for index, (node, finished, since) in self.started.items()
        }


class RemoteCheckpoints:
    """What a training needs of a `CheckpointFolder`, by way of the actor `States`.

    It does not wait for the actor, but for the last state: while a task waits, Ray gives its CPUs
    to another one.
    """

    def __init__(self, states: Any, state: State | None, settings: Train) -> None:
        self.states, self.state, self.settings = states, state, settings
        self.saved = -SECONDS_BETWEEN_STATES
        self.saving: Any = None

    def load(self, index: int) -> State | None:
        """Return the state from which network `index` goes on, None at its start."""
        node = ray.get_runtime_context().get_node_id()
        finished = len(self.state.history) if self.state else 0
        self.states.start.remote(index, node, finished)
        threading.Thread(target=self._live, args=(index,), daemon=True).start()
        return self.state

    def _live(self, index: int) -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_SIGNS)
            self.states.hear.remote(index)

    def save(self, state: State, index: int) -> None:
        """Save a state of network `index`: the first one, the last one, and one in 30 s."""
        stopping = self.settings.early_stopping
        if is_finished(state.history, self.settings.epochs, stopping):
            ray.get(self.states.save.remote(state, index))
        elif self._is_due():
            self.saving = self.states.save.remote(state, index)
            self.saved = time.monotonic()

    def _is_due(self) -> bool:
        if time.monotonic() - self.saved < SECONDS_BETWEEN_STATES:
            return False
        return self.saving is None or bool(ray.wait([self.saving], timeout=0)[0])
