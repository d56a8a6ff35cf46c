"""Where the model errs, and whether its confidence tells it.

`predictions` has the columns of metrics/predictions.csv, with one row per test image.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from stages.figures import BLUE, ORANGE, literal
from stages.shared.dataset import DataSet

CONFIDENCE_BINS = 10
SHORT_NAME = 3  # characters that fit under a column
MAX_NAME = 24  # characters of a name


def confusion_figure(predictions: pd.DataFrame, dataset: DataSet, title: str) -> Figure:
    """Draw the confusion matrix; the shade of a cell shows its mistakes alone."""
    names, places = _tick_names(dataset), range(len(dataset.classes))
    counts = confusion_matrix(
        predictions["label"], predictions["predicted"], labels=dataset.classes
    )
    mistakes = np.where(np.eye(len(places), dtype=bool), 0, counts)
    # Half an inch a class, and room for the names on both sides.
    side = max(7.0, 2 + 0.5 * len(places)) + _longest(names) / 14
    figure = Figure(figsize=(side + 0.5, side), layout="constrained")
    ax = figure.subplots()
    ax.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, 1.5 * mistakes.max()))
    for (label, predicted), count in np.ndenumerate(counts):
        right = label == predicted
        ax.text(
            predicted,
            label,
            f"{count:,}",
            ha="center",
            va="center",
            color="black" if count else "lightgray",
            fontweight="bold" if right else "normal",
            bbox={"facecolor": "none", "edgecolor": BLUE} if right else None,
        )
    ax.set_xticks(places, names, **_turned(names))
    ax.set_yticks(places, names)
    ax.set_xlabel(f"predicted {dataset.noun}")
    ax.set_ylabel(f"true {dataset.noun}")
    ax.set_title(f"{title}\nframed: right; shaded: mistakes")
    return figure


def digits_figure(predictions: pd.DataFrame, dataset: DataSet, title: str) -> Figure:
    """Draw the number of errors in the images of each class."""
    names, places = _tick_names(dataset), range(len(dataset.classes))
    labels = predictions["label"]
    wrong = labels != predictions["predicted"]
    errors = wrong.groupby(labels).sum().reindex(dataset.classes, fill_value=0)
    images = labels.value_counts().reindex(dataset.classes, fill_value=0)
    size = (max(8.0, 0.8 * len(places)), 4.5 + _longest(names) / 14)
    figure = Figure(figsize=size, layout="constrained")
    ax = figure.subplots()
    bars = ax.bar(places, errors, color=ORANGE)
    ax.bar_label(bars, [str(count) for count in errors])
    between = ", " if _longest(names) else "\n"
    ticks = [f"{name}{between}of {count:,}" for name, count in zip(names, images, strict=True)]
    ax.set_xticks(places, ticks, **_turned(names))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel=f"true {dataset.noun}, and its test images", ylabel="errors", title=title)
    return figure


def _tick_names(dataset: DataSet) -> list[str]:
    """Return the names of the classes, very long ones cut short."""
    return [
        literal(name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…")
        for name in dataset.classes
    ]


def _longest(names: list[str]) -> int:
    """Return the number of characters of the longest name; 0 if all fit side by side."""
    longest = max(map(len, names))
    return longest if longest > SHORT_NAME else 0


def _turned(names: list[str]) -> dict[str, Any]:
    """Return how the names stand under an axis: upright if they are short, else turned."""
    turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    return turned if _longest(names) else {}


def confidence_figure(predictions: pd.DataFrame, title: str) -> Figure:
    """Draw the reliability of the confidence, and the accuracy on the most confident images."""
    figure = Figure(figsize=(12, 5), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    _draw_reliability(left, predictions)
    _draw_coverage(right, predictions)
    for ax in (left, right):
        ax.grid(alpha=0.3)
    return figure


def _draw_reliability(ax: Axes, predictions: pd.DataFrame) -> None:
    """Draw accuracy against confidence in ten bins, with 95 % Wilson intervals."""
    right = predictions["label"] == predictions["predicted"]
    confidence = predictions["confidence"]
    bins = np.minimum((confidence * CONFIDENCE_BINS).astype(int), CONFIDENCE_BINS - 1)
    ax.plot([0, 1], [0, 1], "--", color="gray", label="accuracy equals confidence")
    for index, group in right.groupby(bins):
        share, sure = group.mean(), confidence[group.index].mean()
        interval = binomtest(int(group.sum()), len(group)).proportion_ci(method="wilson")
        error = [[max(0, share - interval.low)], [max(0, interval.high - share)]]
        label = "images by confidence, in tenths" if index == bins.max() else None
        ax.errorbar(sure, share, error, fmt="o", color=BLUE, capsize=3, label=label)
        ax.annotate(f"{len(group):,}", (sure, share), (6, -12), textcoords="offset points")
    ax.set(xlabel="confidence", ylabel="share of right answers", xlim=(0, 1.15), ylim=(-0.07, 1.05))
    ax.set_title("Reliability; each number counts images")
    # Points and their intervals may be anywhere inside.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)


def _draw_coverage(ax: Axes, predictions: pd.DataFrame) -> None:
    """Draw the accuracy on the most confident images against their share of all images."""
    surest_first = predictions.sort_values(["confidence", "index"], ascending=[False, True])
    right = (surest_first["label"] == surest_first["predicted"]).to_numpy()
    answered = np.arange(1, len(right) + 1)
    share = 100 * answered / len(right)
    ax.plot(share, 100 * right.cumsum() / answered, color=BLUE)
    # The curve falls only from the first error on; half of the axis is before it.
    before_errors = 0 if right.all() else 100 * right.argmin() / len(right)
    ax.set_xlim(max(0, 2 * before_errors - 100), 100)
    ax.set(xlabel="% of the images answered, the surest first", ylabel="accuracy on them, %")
    ax.set_title("Accuracy if the unsure answers are left out")
