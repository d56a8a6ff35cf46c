"""Which nodes of a cluster may train: those that compute the same bytes as this machine."""

import os
import time
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError, RuntimeEnvSetupError

from stages.cluster.facts import describe_node, differences
from stages.cluster.task import describe, on_nodes
from stages.shared.cli import StageError, one_line
from stages.training.settings import Train

PATIENCE = 60.0  # seconds without a node that may train, before the run ends
OMP_THREADS = os.environ.get("OMP_NUM_THREADS")


class Nodes:
    """The nodes of the cluster; each is asked once what it is.

    Raises `StageError` if this machine has a GPU.
    """

    def __init__(self, settings: Train, say: Callable[[str], None]) -> None:
        self.settings, self.say = settings, say
        self.here = describe_node()
        if self.here["gpus"]:
            raise StageError(
                "found a GPU, and a cluster trains on CPUs, which add in another order: "
                "unset RAY_ADDRESS to train here"
            )
        self.names: dict[str, str] = {}  # of all nodes seen, by their identities
        self.asked: dict[str, Any] = {}  # identity -> the pending description of the node
        self.alive: set[str] = set()  # identities
        self.suitable: set[str] = set()  # those that may train
        self.refusals: list[str] = []
        self.last_suitable = time.monotonic()
        self.trained = False  # whether any node was ever suitable

    def update(self) -> None:
        """Look for new nodes, for lost ones, and for the descriptions of those that were asked.

        Raises `StageError` if all nodes were refused, or none may train for a minute.
        """
        alive = {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}
        self.alive = set(alive)
        for lost in self.suitable - self.alive:
            self.suitable.remove(lost)
            self.say(f"node {self.names[lost]}: lost")
        for identity in self.alive - set(self.names):
            self.names[identity] = alive[identity]["NodeName"]
            cpus = alive[identity]["Resources"].get("CPU", 0)
            if cpus >= self.settings.threads:
                self._ask(identity)
            else:
                threads = f"train.threads is {self.settings.threads}"
                self.say(f"node {self.names[identity]} gets no work: {cpus:g} CPUs, {threads}")
        for identity in [*self.asked]:
            if identity not in self.alive:
                del self.asked[identity]
            elif ray.wait([self.asked[identity]], timeout=0)[0]:
                self._hear(identity, self.asked.pop(identity))
        if self.suitable:
            self.last_suitable, self.trained = time.monotonic(), True
        elif time.monotonic() - self.last_suitable > PATIENCE:
            self._give_up(f"no node that may train was there for {PATIENCE:.0f} s")
        elif self.refusals and not self.asked and not self.trained:
            self._give_up("no node may train")

    def doubt(self, identity: str) -> None:
        """Give no work to a node that seems to hang, until it answers again."""
        if identity in self.suitable:
            self.suitable.remove(identity)
            self.say(f"node {self.names[identity]}: does not answer")
            self._ask(identity)

    def _ask(self, identity: str) -> None:
        self.asked[identity] = on_nodes(describe, [identity], num_cpus=0).remote(OMP_THREADS)

    def _hear(self, identity: str, answer: Any) -> None:
        try:
            facts = ray.get(answer)
        except (RayTaskError, RuntimeEnvSetupError) as error:
            cause = getattr(error, "cause", None) or error
            self._refuse(identity, f"it cannot run this project: {one_line(cause)[:200]}")
        except RayError:  # the process was killed, say
            self._ask(identity)
        else:
            grounds, notes = differences(facts, self.here, self.settings.instruction_set)
            if grounds:
                self._refuse(identity, "; ".join(grounds))
            else:
                self.suitable.add(identity)
                self.say(f"node {self.names[identity]}: {'; '.join(notes) or 'as this machine'}")

    def _refuse(self, identity: str, why: str) -> None:
        self.refusals.append(f"node {self.names[identity]} gets no work: {why}")
        self.say(self.refusals[-1])

    def _give_up(self, reason: str) -> None:
        raise StageError(
            "; ".join([reason, *self.refusals]) + "; give the nodes enough CPUs, the packages of "
            "requirements.txt, this Python and the same variables, or unset RAY_ADDRESS"
        )
