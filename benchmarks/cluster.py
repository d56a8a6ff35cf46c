"""What a cluster costs the driver's machine, and how far that goes.

`python -m benchmarks.cluster` starts a Ray cluster of this machine, with eight places or more. It
gives 200 tasks to it, each of which sleeps for a second and then saves the state of a default
network. It also measures how many states and signs of life the machine takes in a second, and how
long a look at the progress of their networks takes. From these it works out what 1,000 default
networks on 100 nodes would need. It takes some minutes, and requirements-cluster.txt.
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

from stages.cluster.address import LOCAL, token_settings
from stages.cluster.session import connected
from stages.cluster.states import SECONDS_BETWEEN_SIGNS, SECONDS_BETWEEN_STATES, Task, states_actor
from stages.cluster.task import on_nodes
from stages.shared.cli import StageError, run
from stages.shared.params import load_section
from stages.training.checkpoint import CheckpointFolder, State
from stages.training.early_stopping import History, history_rows
from stages.training.settings import Train

PLACES = 8
NETWORKS, NODES = 1000, 100  # of the run that is worked out
STATES_WRITTEN = 100
SIGNS = 3_000
LOOKS = 10


def state_of_default(settings: Train) -> State:
    """Return a state as long as that of a finished default network."""
    from stages.training.model_state import get_variables
    from stages.training.trainer import compiled_model

    model = compiled_model(settings, steps_per_epoch=1)
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
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, connected(LOCAL, PLACES, _give_up):
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
        found["seconds"] = time.monotonic() - start
        found["places"] = ray.cluster_resources()["CPU"]
        if any(checkpoints.load(index) is None for index in range(tasks)):
            raise StageError("a state of a task is missing or damaged")
        found["looks"] = statistics.median(
            _seconds(lambda: ray.get(states.progress.remote())) for _ in range(LOOKS)
        )
        other = actor.remote(Path(folder), "rates")
        found["states"] = STATES_WRITTEN / _seconds(
            lambda: ray.get([other.save.remote(place, index) for index in range(STATES_WRITTEN)])
        )
        found["signs"] = SIGNS / _seconds(
            lambda: ray.get([other.hear.remote(Task(0, 0, identity, 0)) for _ in range(SIGNS)])
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


def report(found: dict[str, float], tasks: int, fit: float) -> str:
    """Return the measured figures, and what follows from them for 1,000 networks, as a table."""
    arrays = sum(path.stat().st_size for path in Path("data/processed").glob("[tv][ra]*.npy")) / 1e6
    state = found["state_bytes"] / 1e6
    per_task = found["seconds"] * found["places"] / tasks - 1
    waves = NETWORKS // NODES
    states = 2 + fit / SECONDS_BETWEEN_STATES
    rate = NODES / SECONDS_BETWEEN_STATES
    most = found["states"] * SECONDS_BETWEEN_STATES
    lines = {
        "**measured**": "",
        f"{tasks:,} tasks that sleep 1 s and save a state, {found['places']:.0f} at once": (
            f"{found['seconds']:.0f} s, {per_task:.2f} s for each besides its sleep"
        ),
        "states written": f"{found['states']:.0f} a second, of {state:.1f} MB",
        "signs of life taken": f"{found['signs']:,.0f} a second",
        f"a look at the progress of {tasks:,} networks": f"{1000 * found['looks']:.0f} ms",
        f"**worked out: {NETWORKS:,} default networks, {NODES} nodes of 2 CPUs**": "",
        "time": f"{waves} times {fit + per_task:.0f} s: {waves * (fit + per_task) / 60:.0f} min",
        "arrays sent": f"{NODES} times {arrays:.0f} MB: {NODES * arrays / 1e3:.1f} GB",
        "states sent": (
            f"{NETWORKS * states * state / 1e3:.0f} GB, "
            f"{rate:.1f} a second or {rate * state:.0f} MB/s"
        ),
        "states on the disk": f"up to {2 * NETWORKS * state / 1e3:.0f} GB",
        "signs of life": f"{NODES / SECONDS_BETWEEN_SIGNS:.0f} a second",
        "breaks first": f"the writing of states, at {most:,.0f} networks in training at once",
    }
    return "\n".join(
        [
            "| what | figure |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in lines.items()),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument(
        "--fit", type=float, default=216, help="seconds of a default training, docs/benchmarks.md"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:  # Ray takes its token when it is imported
        command = [sys.executable, "-m", "benchmarks.cluster", "--inside", *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=token_settings(LOCAL) | os.environ).returncode)
    print(report(measure(arguments.tasks), arguments.tasks, arguments.fit))


if __name__ == "__main__":
    run(main)
