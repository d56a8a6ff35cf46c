"""benchmarks/results.csv as README's table and as a picture.

`python -m benchmarks.results` prints the table of the file that is there.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from stages.command import run
from stages.files import read_csv, write_figure
from stages.plot import BLUE, ORANGE

RESULTS = Path("benchmarks/results.csv")
TARGETS = {"seconds_to_990": 0.99, "seconds_to_995": 0.995, "seconds_to_996": 0.996}
COLUMNS = ["recipe", "seed", "test_accuracy", "errors", "epochs", "fit_seconds", *TARGETS]
COLUMNS += ["macs_per_image", "flops_share", "peak_mb"]
MEASURED, PROBABILITIES = "measured.json", "probabilities.npy"  # what a training run leaves
GREEN = "#009E73"  # of the same colours as those of stages/plot.py


def table(results: pd.DataFrame) -> str:
    """Return Markdown, a row per recipe: accuracy as mean ± standard deviation, medians else."""
    lines = [
        "| recipe | n | test accuracy, % | epochs | fit, s | s to 99.0 % | to 99.5 % | to 99.6 % "
        "| million multiply-adds | FLOP/s of matrix product, % | peak memory, MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for recipe, own in results.groupby("recipe", sort=False):
        accuracy = 100 * own["test_accuracy"]
        spread = f" ± {accuracy.std():.3f}" if len(own) > 1 else ""
        cells = [
            f"`{recipe}`",
            f"{len(own)}",
            f"{accuracy.mean():.3f}{spread}",
            f"{own['epochs'].median():.0f}",
            f"{own['fit_seconds'].median():.0f}",
            *(_seconds(typical_seconds(own[name])) for name in TARGETS),
            f"{own['macs_per_image'].median() / 1e6:.2f}",
            f"{100 * own['flops_share'].median():.0f}",
            f"{own['peak_mb'].median():,.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def typical_seconds(seconds: pd.Series) -> float:
    """Return the median, in which a run that never got there counts as infinitely slow."""
    return float(np.median(seconds.fillna(np.inf)))


def megabytes(maximum_resident_set: int) -> float:
    """Return millions of bytes of what `getrusage` says: bytes on a Mac, KiB on Linux."""
    return maximum_resident_set * (1 if sys.platform == "darwin" else 1024) / 1e6


def draw(results: pd.DataFrame, path: Path) -> None:
    """Draw errors against seconds of training, and how soon each recipe is how right."""
    recipes = list(dict.fromkeys(results["recipe"]))
    figure = Figure(figsize=(12, 5), layout="constrained")
    scatter, bars = figure.subplots(1, 2)

    for index, recipe in enumerate(recipes):
        colour = f"C{index}"
        own = results[results["recipe"] == recipe]
        scatter.scatter(own["fit_seconds"], own["errors"], s=14, color=colour, alpha=0.6)
        left = own["fit_seconds"].min(), own["errors"].mean()
        scatter.annotate(
            recipe,
            left,
            (-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=colour,  # two recipes' dots may lie among each other
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
    bars.set_title("How soon so many of the test images are right")
    bars.legend()
    write_figure(path, figure)


def _seconds(seconds: float) -> str:
    return "never" if np.isinf(seconds) else f"{seconds:.0f}"


if __name__ == "__main__":
    run(lambda: print(table(read_csv(RESULTS))))
