"""What `benchmarks.cluster` measured, and what 1,000 networks on 100 nodes would need, as a table.

`python -m benchmarks.cluster_table` prints the table of docs/cluster.md.
"""

from pathlib import Path

from benchmarks.results import RESULTS
from stages.cluster.states import SECONDS_BETWEEN_HEARTBEATS, SECONDS_BETWEEN_STATES
from stages.shared.cli import run
from stages.shared.files import read_csv, read_json

MEASURED = Path("benchmarks/cluster.json")
NETWORKS, NODES = 1000, 100  # of the run that is estimated


def table(found: dict[str, float], fit: float) -> str:
    """Return the measured figures, and what follows from them, as a Markdown table.

    `fit` is the time in seconds that a node takes to train one network.
    """
    arrays, state = found["arrays_bytes"] / 1e6, found["state_bytes"] / 1e6
    per_task = found["task_seconds"] * found["cpus"] / found["tasks"] - 1
    tasks, waves = f"{found['tasks']:,}", NETWORKS // NODES
    states = 2 + fit / SECONDS_BETWEEN_STATES
    rate = NODES / SECONDS_BETWEEN_STATES
    most = found["states_per_second"] * SECONDS_BETWEEN_STATES
    lines = {
        "**measured**": "",
        f"{tasks} tasks that sleep 1 s and save a state, {found['cpus']:.0f} at once": (
            f"{found['task_seconds']:.0f} s, {per_task:.2f} s for each besides its sleep"
        ),
        "states written": f"{found['states_per_second']:.0f} a second, of {state:.1f} MB",
        "heartbeats taken": f"{found['heartbeats_per_second']:,.0f} a second",
        f"a query of the progress of {tasks} networks": f"{1000 * found['query_seconds']:.0f} ms",
        f"**estimated: {NETWORKS:,} default networks, {NODES} nodes of 2 CPUs**": "",
        "time": f"{waves} times {fit + per_task:.0f} s: {waves * (fit + per_task) / 60:.0f} min",
        "arrays sent": f"{NODES} times {arrays:.0f} MB: {NODES * arrays / 1e3:.1f} GB",
        "states sent": (
            f"{NETWORKS * states * state / 1e3:.0f} GB, "
            f"{rate:.1f} a second or {rate * state:.0f} MB/s"
        ),
        "states on the disk": f"up to {2 * NETWORKS * state / 1e3:.0f} GB",
        "heartbeats": f"{NODES / SECONDS_BETWEEN_HEARTBEATS:.0f} a second",
        "first bottleneck": f"the writing of states, at {most:,.0f} networks in training at once",
    }
    rows = [f"| {name} | {value} |" for name, value in lines.items()]
    return "\n".join(["| what | figure |", "|---|---|", *rows])


def seconds_of_default(results: Path = RESULTS) -> float:
    """Return the median time of a default training, from the results of `benchmarks.recipes`."""
    rows = read_csv(results)
    return float(rows.loc[rows["recipe"] == "default", "fit_seconds"].median())


def main() -> None:
    print(table(read_json(MEASURED)["measured"], seconds_of_default()))


if __name__ == "__main__":
    run(main)
