"""All recipes side by side: how right, how fast, how well they use the machine.

`python -m benchmarks.recipes` trains every recipe with several seeds, each network in a process of
its own, the recipes in turn, and writes benchmarks/results.csv (a row per recipe and seed),
results.json (the machine and the versions) and results.png, and prints README's table; of some
recipes or runs only, it prints the table and writes nothing. It takes hours; broken off and started
again, it goes on after the last network that it finished. Run it on a machine that does nothing
else, after `dvc repro download`.

What is measured, by column:

- test_accuracy, errors: of the model that the recipe ends with.
- fit_seconds: from an unbuilt model to the end of the last epoch, with all that reproducing and
  resuming ask for, without the import of TensorFlow and without looking at the test set.
- seconds_to_990, _995, _996: fit seconds until the network, as it is after an epoch, or in the end
  the model that it became, first has that many thousandths of the test set right; empty if never.
  For several networks: the first one's epochs, then the average of those that are finished.
- macs_per_image: multiply-adds of one image, seen once as in training, through all layers that
  multiply matrices.
- flops_share: floating-point operations per second in training (two per multiply-add, forward, back
  by weights and, but for the first layer, back by inputs) over those of a float32 matrix product in
  the same process.
- peak_mb: the largest resident memory of a process, in millions of bytes; each trains one network.

The test set is watched and chooses nothing. A network that two recipes have in common (`best` has
several of the default's) is trained once and counts for both.
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
    MEASURED,
    PROBABILITIES,
    RESULTS,
    TARGETS,
    draw,
    table,
)
from stages import machine, params
from stages.checkpoint import run_key
from stages.command import StageError, run
from stages.dataset import IDX_FILES, NUM_CLASSES
from stages.files import read_json, write_csv, write_json

RAW = Path("data/raw")
FINISHED = Path(".benchmark")  # results of the networks that an unfinished run has trained
# How many seeds, or ensembles with no seed in common.
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
    return Path("params.yaml") if recipe == "default" else Path(f"recipes/{recipe}.yaml")


def planned(recipes: list[str], runs: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Yield each (recipe, number of the run), the recipes in turn."""
    for number in range(max(runs[recipe] for recipe in recipes)):
        yield from ((recipe, number) for recipe in recipes if number < runs[recipe])


def seconds_to(accuracy: float, watched: list[tuple[float, float]]) -> float | None:
    """Return when an accuracy was first reached, of (seconds, accuracy) in order of time."""
    return next((seconds for seconds, reached in watched if reached >= accuracy), None)


def measured_network(
    settings: params.Train, arrays: Path
) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """Train one network in a process of its own, or take what an unfinished run has kept.

    Returns what `training_run` measured, and the probabilities (N, 10) on the test set.
    """
    code = [*sorted(Path("stages").glob("*.py")), Path("benchmarks/training_run.py")]
    key = run_key(settings.model_dump(), [*sorted(arrays.glob("*.npy")), *code])
    folder = FINISHED / key
    if not (folder / MEASURED).exists():
        arguments = [settings.model_dump_json(), str(arrays), str(folder)]
        output_of("a training run", "-m", "benchmarks.training_run", *arguments)
    probabilities = np.load(folder / PROBABILITIES)
    return read_json(folder / MEASURED), probabilities


def row(recipe: str, number: int, settings: params.Train, arrays: Path) -> dict[str, Any]:
    """Measure run `number` of a recipe: a row of results.csv."""
    labels = np.load(arrays / "test_labels.npy")
    first = settings.seed + number * settings.networks
    total = np.zeros((len(labels), NUM_CLASSES))
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
    """Run the stage `preprocess`, for the arrays that a recipe trains on."""
    paths = {
        "raw": RAW,
        "processed": folder,
        "metrics": folder / "data.json",
        "samples": folder / "samples.png",
        "params": parameter_file(recipe),
    }
    arguments = [text for name, path in paths.items() for text in (f"--{name}", str(path))]
    output_of("preprocess", "-m", "stages.preprocess", *arguments)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--runs", type=int, help="seeds or ensembles of each, instead of README's")
    arguments = parser.parse_args()
    if not all((RAW / name).exists() for pair in IDX_FILES.values() for name in pair):
        raise StageError(f"{RAW}: not all four files are there; type `dvc repro download`")
    runs = dict.fromkeys(RUNS, arguments.runs) if arguments.runs else RUNS

    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        progress = tqdm(list(planned(arguments.recipes, runs)), unit="run")
        for recipe, number in progress:
            progress.set_postfix_str(f"{recipe}, {number + 1} of {runs[recipe]}")
            arrays = Path(temporary) / recipe
            if not arrays.exists():
                write_arrays(recipe, arrays)
            train = params.load(params.Train, parameter_file(recipe))
            rows.append(row(recipe, number, train, arrays))
            tqdm.write(
                f"{recipe}, seed {rows[-1]['seed']}: {rows[-1]['test_accuracy']:.2%} "
                f"in {rows[-1]['fit_seconds']:.0f} s"
            )
    results = pd.DataFrame(rows, columns=COLUMNS).sort_values(
        "recipe", key=lambda names: names.map(list(RUNS).index), kind="stable"
    )
    print(table(results))
    if runs == RUNS and set(arguments.recipes) == set(RUNS):
        write_csv(RESULTS, results)
        write_json(RESULTS.with_suffix(".json"), machine.facts())
        draw(results, RESULTS.with_suffix(".png"))
        shutil.rmtree(FINISHED)


if __name__ == "__main__":
    run(main)
