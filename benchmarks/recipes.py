"""All recipes side by side: their accuracy, their speed and their use of the machine.

`python -m benchmarks.recipes` trains every recipe with several seeds, each network in its own
process and the recipes in turn. It writes benchmarks/results.csv (a row per recipe and seed),
results.json (the parameters, the machine and the versions) and results.png, and prints the tables
of docs/benchmarks.md. With only some recipes or runs it prints the tables and writes nothing. It
takes hours; interrupted and started again, it goes on after the last finished network. Run it after
`dvc repro download`, on a machine that does nothing else.

The columns:

- test_accuracy, errors: on the test set, of the recipe's final model.
- fit_seconds: training time, from an unbuilt model to the end of the last epoch. It includes the
  checkpoints, but neither the import of TensorFlow nor the watching of the test set.
- seconds_to_990, _995, _996: the training time after which the test accuracy first is 99.0, 99.5
  and 99.6 %, after an epoch or of the final model; empty if never. With several networks: after the
  first one's epochs, then of the average of the finished networks.
- macs_per_image: multiply-adds of the convolutions and dense layers for one image in training.
- flops_share: floating-point operations per second in training, divided by those of a float32
  matrix product in the same process. A multiply-add is two operations, and is done forward, for the
  weight gradient and, except in the first layer, for the input gradient.
- peak_mb: the largest resident memory of a process, in millions of bytes; each trains one network.

The test set is watched and chooses nothing. If two recipes have a network in common (`best` has
several of the default's), it is trained once and counts for both.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.process import output_of
from benchmarks.results import (
    COLUMNS,
    FACTS,
    MEASURED,
    PROBABILITIES,
    RESULTS,
    TARGETS,
    parameter_table,
    results_figure,
    table,
)
from stages.idx import IDX_FILES
from stages.shared.cli import StageError, run
from stages.shared.files import read_json, write_csv, write_figure, write_json
from stages.shared.params import load_section
from stages.training import machine
from stages.training.checkpoint import run_key
from stages.training.settings import Train

RAW = Path("data/raw")
FINISHED = Path(".benchmark")  # the results of an unfinished run's networks
# How many seeds, or ensembles without a common seed.
RUNS = {
    "mlp": 3,
    "simple-cnn": 3,
    "dense-cnn": 3,
    "keras-example": 3,
    "fast": 10,
    "default": 12,
    "best": 3,
}


def parameter_file(recipe: str) -> Path:
    """Return the file that holds a recipe's parameters."""
    return Path("params.yaml") if recipe == "default" else Path(f"recipes/{recipe}/params.yaml")


def planned(recipes: list[str], runs: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Yield each (recipe, index of the run), the recipes in turn."""
    for index in range(max(runs[recipe] for recipe in recipes)):
        yield from ((recipe, index) for recipe in recipes if index < runs[recipe])


def seconds_to(accuracy: float, watched: list[tuple[float, float]]) -> float | None:
    """Return when an accuracy was first reached, of (seconds, accuracy) in order of time."""
    return next((seconds for seconds, reached in watched if reached >= accuracy), None)


def measured_network(settings: Train, arrays: Path) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """Train one network in its own process, or read the results that an unfinished run has kept.

    Returns the measurements of `training_run` and the probabilities (N, C) on the test set.
    """
    code = [*sorted(Path("stages").rglob("*.py")), Path("benchmarks/training_run.py")]
    key = run_key(settings.model_dump(), [*sorted(arrays.glob("*.npy")), *code])
    folder = FINISHED / key
    if not (folder / MEASURED).exists():
        arguments = [settings.model_dump_json(), str(arrays), str(folder)]
        output_of("a training run", "-m", "benchmarks.training_run", *arguments)
    probabilities = np.load(folder / PROBABILITIES)
    return read_json(folder / MEASURED), probabilities


def row(recipe: str, index: int, settings: Train, arrays: Path) -> dict[str, Any]:
    """Measure run `index` of a recipe; return its row of results.csv."""
    labels = np.load(arrays / "test_labels.npy")
    first = settings.seed + index * settings.networks
    total: NDArray[Any] = np.zeros((len(labels), 1))
    measured: list[dict[str, Any]] = []
    watched: list[tuple[float, float]] = []
    seconds = 0.0
    for seed in range(first, first + settings.networks):
        single = settings.model_copy(update={"networks": 1, "seed": seed})
        facts, probabilities = measured_network(single, arrays)
        if not measured:
            watched += [tuple(moment) for moment in facts["watched"]]
        measured.append(facts)
        total = total + probabilities
        seconds += facts["fit_seconds"]
        right = (total.argmax(axis=1) == labels).sum()
        watched.append((seconds, float(right) / len(labels)))
    return {
        "recipe": recipe,
        "seed": first,
        "test_accuracy": right / len(labels),
        "errors": len(labels) - right,
        "epochs": sum(facts["epochs"] for facts in measured),
        "fit_seconds": seconds,
        **{name: seconds_to(target, watched) for name, target in TARGETS.items()},
        "macs_per_image": sum(facts["macs_per_image"] for facts in measured),
        "flops_share": float(np.mean([facts["flops_share"] for facts in measured])),
        "peak_mb": max(facts["peak_mb"] for facts in measured),
    }


def write_arrays(recipe: str, folder: Path) -> None:
    """Write a recipe's arrays with the stage `preprocess`."""
    paths = {
        "raw": RAW,
        "processed": folder,
        "counts": folder / "data.csv",
        "samples": folder / "samples.png",
        "params": parameter_file(recipe),
    }
    arguments = [text for name, path in paths.items() for text in (f"--{name}", str(path))]
    output_of("preprocess", "-m", "stages", "preprocess", *arguments)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--runs", type=int, help="seeds or ensembles of each")
    arguments = parser.parse_args()
    if not all((RAW / name).exists() for pair in IDX_FILES.values() for name in pair):
        raise StageError(f"{RAW}: not all four files are there; type `dvc repro download`")
    runs = dict.fromkeys(RUNS, arguments.runs) if arguments.runs else RUNS

    settings = {recipe: load_section(Train, parameter_file(recipe)) for recipe in arguments.recipes}
    parameters = {recipe: train.model_dump() for recipe, train in settings.items()}
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        progress = tqdm(list(planned(arguments.recipes, runs)), unit="run")
        for recipe, index in progress:
            progress.set_postfix_str(f"{recipe}, {index + 1} of {runs[recipe]}")
            arrays = Path(temporary) / recipe
            if not arrays.exists():
                write_arrays(recipe, arrays)
            rows.append(row(recipe, index, settings[recipe], arrays))
            tqdm.write(
                f"{recipe}, seed {rows[-1]['seed']}: {rows[-1]['test_accuracy']:.2%} "
                f"in {rows[-1]['fit_seconds']:.0f} s"
            )
    results = pd.DataFrame(rows, columns=COLUMNS).sort_values(
        "recipe", key=lambda names: names.map(list(RUNS).index), kind="stable"
    )
    print(table(results), parameter_table(parameters), sep="\n\n")
    if runs == RUNS and set(arguments.recipes) == set(RUNS):
        write_csv(RESULTS, results)
        write_json(FACTS, {"parameters": parameters, "machine": machine.describe_machine()})
        write_figure(RESULTS.with_suffix(".png"), results_figure(results))
        shutil.rmtree(FINISHED)


if __name__ == "__main__":
    run(main)
