"""What runs on a node, in a fresh process: one training, or the description of the node."""

from collections.abc import Callable, Collection
from typing import Any, cast

import ray

from stages.cluster.facts import Facts, describe_node, set_omp_threads
from stages.cluster.states import RemoteCheckpoints, Task
from stages.shared.arrays import LabelledImages
from stages.training.checkpoint import CheckpointFolder, State
from stages.training.settings import Train


def on_nodes(function: Callable[..., Any], identities: Collection[str], num_cpus: int) -> Any:
    """Return `function` as a task for one of these nodes, in a process that does nothing else.

    Ray does not repeat it if it is lost: the driver does, and says so.
    """
    return ray.remote(
        num_cpus=num_cpus,
        max_calls=1,
        max_retries=0,
        label_selector={"ray.io/node-id": f"in({','.join(identities)})"},
    )(function)


def describe(omp_threads: str | None) -> Facts:
    """Return the facts about the node, with OMP_NUM_THREADS as on the driver's machine."""
    set_omp_threads(omp_threads)
    return describe_node()


def train_on_node(
    settings: Train,
    training: LabelledImages,
    validation: LabelledImages,
    num_classes: int,
    states: Any,
    state: State | None,
    index: int,
    attempt: int,
    omp_threads: str | None,
) -> None:
    """Train network `index` from `state` on; its states go to the actor `states`.

    Keras draws the seeds of layers from Python's global generator, so a process trains one network.
    Raises `StageError` as `train_network` does.
    """
    node = ray.get_runtime_context().get_node_id()
    task = Task(index, attempt, node, len(state.history) if state else 0)
    checkpoints = RemoteCheckpoints(states, task, state, settings)
    checkpoints.show_life()

    set_omp_threads(omp_threads)
    from stages.training.determinism import make_deterministic, use_kernels
    from stages.training.trainer import train_network

    use_kernels(settings.threads, settings.instruction_set)
    make_deterministic(settings.seed)
    train_network(
        settings,
        training,
        validation,
        num_classes,
        cast(CheckpointFolder, checkpoints),
        index,
        report=lambda rows: states.report.remote(task, rows),
    )
