"""One network of a run on a cluster, and what is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stages.cluster.states import Progress
from stages.training.early_stopping import History


@dataclass
class Network:
    """One network of the run, and the task that trains it."""

    index: int  # from 0
    rows: History = field(default_factory=list)
    finished: bool = False
    task: Any = None  # None while it waits to be given to the cluster
    attempt: int = 0  # counts its tasks
    losses: int = 0  # tasks that were lost since the last new epoch

    def describe(
        self, networks: int, epochs: int, progress: Progress | None, names: Mapping[str, str]
    ) -> tuple[str, str]:
        """Return the line on this network of `networks`, and its time left or "".

        `progress` is that of its task, None if it has not begun; `names` are those of the nodes.
        """
        name = f"network {self.index + 1} of {networks}"
        if self.finished:
            return f"{name}: finished after {len(self.rows)} epochs", ""
        if progress is None:
            return f"{name}: waiting", ""
        task, rows, seconds, _ = progress
        epoch = len(rows) or task.resumed_after
        line = f"{name}: {names[task.node]}, epoch {epoch} of {epochs}"
        trained = epoch - task.resumed_after
        return line, f"{seconds / trained * (epochs - epoch):.0f} s left" if trained else ""
