"""The results of `benchmarks.recipes` as Markdown tables and as a figure.

`python -m benchmarks.results` prints the tables of benchmarks/results.csv and results.json.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from stages.figures import BLUE, ORANGE
from stages.shared.cli import run
from stages.shared.files import read_csv, read_json

RESULTS, FACTS = Path("benchmarks/results.csv"), Path("benchmarks/results.json")
TARGETS = {"seconds_to_990": 0.99, "seconds_to_995": 0.995, "seconds_to_996": 0.996}
COLUMNS = ["recipe", "seed", "test_accuracy", "errors", "epochs", "fit_seconds", *TARGETS]
COLUMNS += ["macs_per_image", "flops_share", "peak_mb"]
MEASURED, PROBABILITIES = "measured.json", "probabilities.npy"  # files of one training run
GREEN = "#009E73"  # from the same palette as those of stages/plot.py


def table(results: pd.DataFrame) -> str:
    """Return a Markdown table of mean accuracies ± standard deviation, and medians of the rest."""
    lines = [
        "| recipe | n | test accuracy, % | epochs | fit, s | s to 99.0 % | to 99.5 % | to 99.6 % "
        "| million multiply-adds | FLOP/s of matrix product, % | peak memory, MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for recipe, rows in results.groupby("recipe", sort=False):
        accuracy = 100 * rows["test_accuracy"]
        spread = f" ± {accuracy.std():.3f}" if len(rows) > 1 else ""
        cells = [
            f"`{recipe}`",
            f"{len(rows)}",
            f"{accuracy.mean():.3f}{spread}",
            f"{rows['epochs'].median():.0f}",
            f"{rows['fit_seconds'].median():.0f}",
            *(_seconds(typical_seconds(rows[name])) for name in TARGETS),
            f"{rows['macs_per_image'].median() / 1e6:.2f}",
            f"{100 * rows['flops_share'].median():.0f}",
            f"{rows['peak_mb'].median():,.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def parameter_table(parameters: dict[str, dict[str, Any]]) -> str:
    """Return a Markdown table of the section `train` with which each recipe was measured."""
    names = ["model", "networks", "epochs", "batch_size", "dropout", "learning_rate", "schedule"]
    names += ["optimizer", "test_time_shift"]
    lines = [
        f"| recipe | {' | '.join(names)} | early_stopping | augmentation |",
        f"|---|{'---|' * (len(names) + 2)}",
    ]
    for recipe, train in parameters.items():
        cells = [f"`{recipe}`", *(_short(train[name]) for name in names)]
        stopping = train["early_stopping"]
        kept = "best" if stopping["restore_best_weights"] else "last"
        cells.append(
            f"{stopping['monitor']}, patience {stopping['patience']}, "
            f"min_delta {stopping['min_delta']:g}, keeps the {kept} epoch"
        )
        amounts = [f"{name} {value:g}" for name, value in train["augmentation"].items() if value]
        cells.append(", ".join(amounts) or "none")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def typical_seconds(seconds: pd.Series) -> float:
    """Return the median; a run that never reached the target counts as infinitely slow."""
    return float(np.median(seconds.fillna(np.inf)))


def megabytes(maximum_resident_set: int) -> float:
    """Convert a memory size of `getrusage`, bytes on a Mac and KiB on Linux, to 10^6 bytes."""
    return maximum_resident_set * (1 if sys.platform == "darwin" else 1024) / 1e6


def results_figure(results: pd.DataFrame) -> Figure:
    """Draw errors against training time, and the training time until each target accuracy."""
    recipes = list(dict.fromkeys(results["recipe"]))
    figure = Figure(figsize=(12, 5), layout="constrained")
    scatter, bars = figure.subplots(1, 2)

    for index, recipe in enumerate(recipes):
        colour = f"C{index}"
        rows = results[results["recipe"] == recipe]
        scatter.scatter(rows["fit_seconds"], rows["errors"], s=14, color=colour, alpha=0.6)
        leftmost = rows["fit_seconds"].min(), rows["errors"].mean()
        scatter.annotate(
            recipe,
            leftmost,
            (-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=colour,  # the dots of two recipes may overlap
        )
    scatter.set(xscale="log", yscale="log", xlabel="seconds of training")
    scatter.set_ylabel("errors in the 10,000 test images")
    scatter.set_title("Each network or ensemble: lower left is better")
    scatter.margins(x=0.15, y=0.12)
    for axis in (scatter.xaxis, scatter.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    scatter.grid(alpha=0.3)

    height = 0.8 / len(TARGETS)
    for index, (name, target) in enumerate(TARGETS.items()):
        places = np.arange(len(recipes)) + (index - (len(TARGETS) - 1) / 2) * height
        typical = [typical_seconds(results.loc[results["recipe"] == r, name]) for r in recipes]
        drawn = [0 if np.isinf(seconds) else seconds for seconds in typical]
        colour = (BLUE, ORANGE, GREEN)[index]
        bars.barh(places, drawn, height, color=colour, label=f"to {100 * target:.1f} %")
        for place, seconds in zip(places, typical, strict=True):
            reached = 0 if np.isinf(seconds) else seconds
            bars.annotate(
                _seconds(seconds), (reached, place), (3, 0), textcoords="offset points", va="center"
            )
    bars.set_yticks(range(len(recipes)), recipes)
    bars.invert_yaxis()
    bars.margins(x=0.12)
    bars.set_xlabel("seconds of training, median")
    bars.set_title("Training time to each test accuracy")
    bars.legend()
    return figure


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _seconds(seconds: float) -> str:
    return "never" if np.isinf(seconds) else f"{seconds:.0f}"


def main() -> None:
    print(table(read_csv(RESULTS)), parameter_table(read_json(FACTS)["parameters"]), sep="\n\n")


if __name__ == "__main__":
    run(main)
