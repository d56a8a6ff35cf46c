"""Measure the load of a cluster on the driver's machine.

`python -m benchmarks.cluster` starts a Ray cluster of this machine, with eight CPUs or more. It
gives 1,000 tasks to it, each of which sleeps for a second and then saves the state of a default
network. It also measures how many states and heartbeats the machine takes in a second, and how
long a query of their networks' progress takes. It writes benchmarks/cluster.json and prints
the table of docs/cluster.md. It takes half an hour on 2 cores, and requirements-cluster.txt.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import ray
from tqdm import tqdm

from benchmarks.cluster_table import MEASURED, seconds_of_default, table
from stages.cluster.address import LOCAL, token_settings
from stages.cluster.session import connected
from stages.cluster.states import Task, states_actor
from stages.cluster.task import on_nodes
from stages.shared.cli import StageError, run
from stages.shared.dataset import DIGITS
from stages.shared.files import write_json
from stages.shared.params import load_section
from stages.training import machine
from stages.training.checkpoint import CheckpointFolder, State
from stages.training.early_stopping import History, history_rows
from stages.training.settings import Train

CPUS = 8
ARRAYS = Path("data/processed")
STATES_WRITTEN = 100
HEARTBEATS = 3_000
QUERIES = 10


def state_of_default(settings: Train) -> State:
    """Return a state as long as that of a finished default network."""
    from stages.training.model_state import get_variables
    from stages.training.trainer import compiled_model

    model = compiled_model(settings, len(DIGITS), steps_per_epoch=1)
    random = np.random.default_rng(0)
    row = {"learning_rate": 0.001, "loss": 0.1, "accuracy": 0.9, "val_loss": 0.1}
    history: History = [
        {"epoch": epoch, **row, "val_accuracy": 0.9} for epoch in range(1, settings.epochs + 1)
    ]
    # Noise, because zeros would be written and sent faster.
    weights = [random.random(weight.shape, np.float32) for weight in model.get_weights()]
    variables = [
        random.random(variable.shape).astype(variable.dtype) for variable in get_variables(model)
    ]
    return State(history, variables, weights)


def sleep_and_save(states: Any, state: State, rows: History, index: int) -> None:
    """Do what a task does, but for the training."""
    task = Task(index, 0, ray.get_runtime_context().get_node_id(), 0)
    states.hear.remote(task)
    time.sleep(1)
    states.report.remote(task, rows)
    ray.get(states.save.remote(state, index))


def measure(tasks: int) -> dict[str, float]:
    """Run the tasks and the single measurements; return seconds, rates and sizes by name."""
    settings = load_section(Train, Path("params.yaml"))
    state = state_of_default(settings)
    rows = history_rows(state.history, settings.early_stopping, 0)
    arrays = [path for split in ("train", "validation") for path in ARRAYS.glob(f"{split}_*.npy")]
    found: dict[str, float] = {
        "tasks": tasks,
        "arrays_bytes": sum(path.stat().st_size for path in arrays),
    }
    with tempfile.TemporaryDirectory() as folder, connected(LOCAL, CPUS, _give_up):
        actor = states_actor()
        checkpoints = CheckpointFolder(Path(folder), "tasks")
        states = actor.remote(Path(folder), "tasks")
        place = ray.put(state)
        identity = ray.get_runtime_context().get_node_id()
        start = time.monotonic()
        task = on_nodes(sleep_and_save, [identity], 1)
        pending = [task.remote(states, place, rows, index) for index in range(tasks)]
        with tqdm(total=tasks, desc="tasks") as bar:
            while pending:
                ended, pending = ray.wait(pending, num_returns=len(pending), timeout=1)
                ray.get(ended)
                bar.update(len(ended))
        found["task_seconds"] = time.monotonic() - start
        found["cpus"] = ray.cluster_resources()["CPU"]
        if any(checkpoints.load(index) is None for index in range(tasks)):
            raise StageError("a state of a task is missing or damaged")
        found["query_seconds"] = statistics.median(
            _seconds(lambda: ray.get(states.progress.remote())) for _ in range(QUERIES)
        )
        other = actor.remote(Path(folder), "rates")
        found["states_per_second"] = STATES_WRITTEN / _seconds(
            lambda: ray.get([other.save.remote(place, index) for index in range(STATES_WRITTEN)])
        )
        found["heartbeats_per_second"] = HEARTBEATS / _seconds(
            lambda: ray.get([other.hear.remote(Task(0, 0, identity, 0)) for _ in range(HEARTBEATS)])
        )
        path = next(Path(folder, "rates").glob("*.npz"))
        found["state_bytes"] = path.stat().st_size
    return found


def _seconds(action: Any) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def _give_up(reason: str) -> None:
    print(reason)
    os._exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:  # Ray takes its token when it is imported
        command = [sys.executable, "-m", "benchmarks.cluster", "--inside", *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=token_settings(LOCAL) | os.environ).returncode)
    found = measure(arguments.tasks)
    write_json(MEASURED, {"measured": found, "machine": machine.describe_machine()})
    print(table(found, seconds_of_default()))


if __name__ == "__main__":
    run(main)
