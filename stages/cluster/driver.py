"""Give each network of a run to a node of the cluster, until the checkpoints hold all epochs."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import ray
from ray.exceptions import (
    NodeDiedError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from stages.cluster.network import Network
from stages.cluster.nodes import OMP_THREADS, Nodes
from stages.cluster.progress import Board
from stages.cluster.states import Progress, states_actor
from stages.cluster.task import on_nodes, train_on_node
from stages.shared.arrays import LabelledImages
from stages.shared.cli import StageError, one_line
from stages.training.checkpoint import CheckpointFolder, State
from stages.training.early_stopping import History, history_rows, is_finished
from stages.training.inputs import Inputs
from stages.training.settings import Train

TICK = 0.5  # seconds between two looks at the cluster
MAX_LOSSES = 5  # of one network in a row, without a new epoch
MAX_SILENCE = 15.0  # seconds of a task; doubled by each loss in a row, as a node may be just busy
NODE_LOST = "its node is gone or hangs"
REASONS = {
    NodeDiedError: NODE_LOST,
    OutOfMemoryError: "its node ran out of memory",
    WorkerCrashedError: "its process was killed",
}


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
        self.reported: History = []
        self.progress: dict[int, Progress] = {}  # of the networks whose tasks have begun
        self.nodes = Nodes(settings, self.board.say)
        self.networks = [Network(index) for index in range(settings.networks)]
        for network in self.networks:
            self._load(network)
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self.states = (
            states_actor()
            .options(max_restarts=-1, max_task_retries=-1, scheduling_strategy=here)
            .remote(checkpoints.folder.parent, checkpoints.key)
        )

    def _load(self, network: Network) -> State | None:
        """Bring a network up to its last state; return this state, None if there is none."""
        state = self.checkpoints.load(network.index)
        history = state.history if state else []
        stopping = self.settings.early_stopping
        network.rows = history_rows(history, stopping, network.index)
        network.finished = is_finished(history, self.settings.epochs, stopping)
        return state

    def train(self, inputs: Inputs) -> None:
        """Train all networks; report the rows of all epochs so far, whenever there are more.

        Raises `StageError` for an error of a training, if no node may train, and if a network is
        lost too often.
        """
        # Memory-mapped arrays would be copied into each process.
        splits = inputs.training, inputs.validation, inputs.own
        training, validation, own = (LabelledImages(*map(np.array, split)) for split in splits)
        data = ray.put(inputs._replace(training=training, validation=validation, own=own))
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
            progress = self.progress.get(network.index)
            if network.task and progress:
                node = progress.task.node
                patience = MAX_SILENCE * 2**network.losses
                if node not in self.nodes.alive or progress.silence > patience:
                    self.nodes.doubt(node)
                    ray.cancel(network.task, force=True)
                    self._lose(network, NODE_LOST)
        if self.nodes.suitable != self.offered:
            for network in self.networks:
                if network.task and network.index not in self.progress:
                    ray.cancel(network.task, force=True)
                    self._replace(network)
        self.offered = set(self.nodes.suitable)

    def _replace(self, network: Network) -> None:
        """Forget a network's task, so that another one is given."""
        self.states.replace.remote(network.index, network.attempt)
        self.progress.pop(network.index, None)
        network.task = None
        network.attempt += 1

    def _give(self, data: Any) -> None:
        """Give each network without a task to the nodes that may train."""
        if not self.nodes.suitable:
            return
        task = on_nodes(train_on_node, self.nodes.suitable, self.settings.threads)
        for network in self.networks:
            if not network.finished and network.task is None:
                state = self._load(network)
                network.task = task.remote(
                    self.settings,
                    data,
                    self.states,
                    state,
                    network.index,
                    network.attempt,
                    OMP_THREADS,
                )

    def _collect(self, network: Network) -> None:
        """Take the end of a network's task: finished, an error of the training, or lost."""
        try:
            ray.get(network.task)
        except RayError as error:
            cause: Exception = error
            while isinstance(cause, RayTaskError):
                cause = cause.cause  # the task's exception, also if it comes from the actor
            if not isinstance(cause, RayError):
                raise cause from error
            self._lose(network, REASONS.get(type(cause), one_line(cause)[:100]))
        else:
            self._load(network)
            network.task = None
            if not network.finished:
                self._lose(network, "its last state is damaged")

    def _lose(self, network: Network, reason: str) -> None:
        """Say that a network's task is lost. Raises `StageError` if it was lost too often."""
        progress = self.progress.get(network.index)
        node = self.nodes.names[progress.task.node] if progress else "a node"
        self._replace(network)
        network.losses += 1
        if network.losses == MAX_LOSSES:
            raise StageError(
                f"network {network.index + 1} was lost {MAX_LOSSES} times in a row, the last time "
                f"on {node}: {reason}; the states of finished epochs are kept: look at the nodes, "
                "then type the same command again"
            )
        self._load(network)
        self.board.say(
            f"network {network.index + 1}: lost on {node}, {reason}; "
            f"goes on after epoch {len(network.rows)}"
        )

    def _look(self) -> None:
        """Show how far the networks are; report the rows of all of them if there are new ones."""
        self.progress = ray.get(self.states.progress.remote())
        for network in self.networks:
            progress = self.progress.get(network.index)
            rows = progress.rows if progress and not network.finished else []
            if rows:
                network.losses = 0 if len(rows) > len(network.rows) else network.losses
                network.rows = rows
        rows = [row for network in self.networks for row in network.rows]
        if rows != self.reported:
            self.report(rows)
            self.reported = rows
        self.board.show(
            [
                network.describe(
                    len(self.networks),
                    self.settings.epochs,
                    self.progress.get(network.index),
                    self.nodes.names,
                )
                for network in self.networks
            ]
        )
