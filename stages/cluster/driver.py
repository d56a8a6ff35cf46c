"""Give each network of a run to a node of the cluster, until the checkpoints hold all epochs."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from stages.cluster.nodes import OMP_THREADS, Nodes
from stages.cluster.progress import Board
from stages.cluster.states import Progress, States
from stages.cluster.task import on_nodes, train_on_node
from stages.shared.cli import StageError, one_line
from stages.shared.dataset import LabelledImages
from stages.training.checkpoint import CheckpointFolder
from stages.training.early_stopping import History, history_rows, is_finished
from stages.training.settings import Train

TICK = 0.5  # seconds between two looks at the cluster
MAX_LOSSES = 5  # of one network in a row, without a new epoch
MAX_SILENCE = 15.0  # seconds of a task
NODE_LOST = "its node is gone"
REASONS = {
    "NodeDiedError": NODE_LOST,
    "OutOfMemoryError": "its node ran out of memory",
    "WorkerCrashedError": "its process was killed",
}


@dataclass
class Network:
    """One network of the run, and the task that trains it."""

    index: int  # from 0
    rows: History = field(default_factory=list)
    finished: bool = False
    task: Any = None  # None while it waits to be given to the cluster
    losses: int = 0  # tasks that were lost since the last new epoch


class Driver:
    """The networks of a run, on the cluster that this process is connected to."""

    def __init__(
        self,
        settings: Train,
        checkpoints: CheckpointFolder,
        report: Callable[[History], None],
        board: Board,
    ) -> None:
        self.settings, self.checkpoints, self.report = settings, checkpoints, report
        self.board = board
        self.offered: set[str] = set()  # the nodes that tasks were given to last
        self.progress: dict[int, Progress] = {}  # of the networks whose tasks have begun
        self.nodes = Nodes(settings, self.board.say)
        self.networks = [self._load(index) for index in range(settings.networks)]
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self.states = (
            ray.remote(States)
            .options(num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here)
            .remote(checkpoints.folder.parent, checkpoints.key)
        )

    def _load(self, index: int) -> Network:
        state = self.checkpoints.load(index)
        history = state.history if state else []
        stopping = self.settings.early_stopping
        return Network(
            index,
            history_rows(history, stopping, index),
            is_finished(history, self.settings.epochs, stopping),
        )

    def train(self, training: LabelledImages, validation: LabelledImages) -> None:
        """Train all networks; report the rows of all epochs so far, whenever there are more.

        Raises `StageError` for an error of a training, if no node may train, and if a network is
        lost too often.
        """
        # Memory-mapped arrays would be copied into each process.
        data = [ray.put(LabelledImages(*map(np.array, split))) for split in (training, validation)]
        while not all(network.finished for network in self.networks):
            self.nodes.update()
            self._take_back()
            self._give(data)
            tasks = {network.task: network for network in self.networks if network.task}
            if tasks:
                for task in ray.wait([*tasks], num_returns=len(tasks), timeout=TICK)[0]:
                    self._collect(tasks[task])
            else:
                time.sleep(TICK)
            self._look()

    def _take_back(self) -> None:
        """Take back the tasks of silent nodes; if the nodes changed, also those that wait.

        Ray itself would notice only after a minute that a node hangs, and a task may wait for a
        node that is lost.
        """
        for network in self.networks:
            task = self.progress.get(network.index)
            if (
                network.task
                and task
                and (task.node not in self.nodes.alive or task.silence > MAX_SILENCE)
            ):
                self.nodes.doubt(task.node)
                self._cancel(network)
                self._lose(network, NODE_LOST)
        if self.nodes.suitable != self.offered:
            for network in self.networks:
                if network.task and network.index not in self.progress:
                    self._cancel(network)
        self.offered = set(self.nodes.suitable)

    def _cancel(self, network: Network) -> None:
        ray.cancel(network.task, force=True)
        network.task = None

    def _give(self, data: list[Any]) -> None:
        """Give each network without a task to the nodes that may train."""
        if not self.nodes.suitable:
            return
        task = on_nodes(train_on_node, self.nodes.suitable, self.settings.threads)
        for network in self.networks:
            if not network.finished and network.task is None:
                state = self.checkpoints.load(network.index)
                network.task = task.remote(
                    self.settings, *data, self.states, state, network.index, OMP_THREADS
                )

    def _collect(self, network: Network) -> None:
        """Take the end of a network's task: finished, an error of the training, or lost."""
        try:
            ray.get(network.task)
            network.finished = True
        except ray.exceptions.RayError as error:
            cause: Exception = error
            while isinstance(cause, ray.exceptions.RayTaskError):
                cause = cause.cause  # the task's exception, also if it comes from the actor
            if not isinstance(cause, ray.exceptions.RayError):
                raise cause from error
            self._lose(network, REASONS.get(type(cause).__name__, one_line(cause)[:100]))
        network.task = None

    def _lose(self, network: Network, reason: str) -> None:
        """Say that a network's task is lost. Raises `StageError` if it was lost too often."""
        task = ray.get(self.states.take_back.remote(network.index))
        self.progress.pop(network.index, None)
        node = self.nodes.names[task.node] if task else "a node"
        network.losses += 1
        if network.losses == MAX_LOSSES:
            raise StageError(
                f"network {network.index + 1} was lost {MAX_LOSSES} times in a row, the last time "
                f"on {node}: {reason}; the states of finished epochs are kept: look at the nodes, "
                "then type the same command again"
            )
        state = self.checkpoints.load(network.index)
        epoch = len(state.history) if state else 0
        self.board.say(
            f"network {network.index + 1}: lost on {node}, {reason}; goes on after epoch {epoch}"
        )

    def _look(self) -> None:
        """Show how far the networks are; report the rows of all of them if there are new ones."""
        self.progress = ray.get(self.states.progress.remote())
        changed = False
        for network in self.networks:
            task = self.progress.get(network.index)
            rows = task.rows if task else []
            if rows and rows != network.rows:
                network.losses = 0 if len(rows) > len(network.rows) else network.losses
                network.rows, changed = rows, True
        if changed:
            self.report([row for network in self.networks for row in network.rows])
        self.board.show([self._describe(network) for network in self.networks])

    def _describe(self, network: Network) -> tuple[str, str]:
        """Return what is said of a network, and its time left or ""."""
        name = f"network {network.index + 1} of {len(self.networks)}"
        if network.finished:
            return f"{name}: finished after {len(network.rows)} epochs", ""
        if network.index not in self.progress:
            return f"{name}: waiting", ""
        task, epochs = self.progress[network.index], self.settings.epochs
        epoch = len(task.rows) or task.resumed_after
        line = f"{name}: {self.nodes.names[task.node]}, epoch {epoch} of {epochs}"
        trained = epoch - task.resumed_after
        return line, f"{task.seconds / trained * (epochs - epoch):.0f} s left" if trained else ""
