"""Draw the learning curves, the confusion matrix, the mistakes and some predictions.

Reads: the metrics of each epoch (`--history`, CSV), the predictions (`--predictions`, CSV), the
scores (`--metrics`, JSON) and test_{images,labels}.npy in the folder `--processed`.
Writes: history.png, confusion.png, misclassified.png and predictions.png in the folder `--plots`.
Parameters: plot.
"""

from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from pydantic import Field
from sklearn.metrics import confusion_matrix

from stages.image_grid import image_grid
from stages.shared.cli import parse_paths
from stages.shared.dataset import NUM_CLASSES, UInt8Array, load_split
from stages.shared.files import read_csv, read_json, write_figure
from stages.shared.params import Section, Seed, load_section

# Two colours that people with any colour vision tell apart (Okabe and Ito, 2008).
BLUE, ORANGE = "#0072B2", "#D55E00"

ImageCount = Annotated[int, Field(ge=1, le=100)]


class Plot(Section):
    seed: Seed
    predictions: ImageCount
    mistakes: ImageCount


def history_figure(history: pd.DataFrame, title: str) -> Figure:
    """Draw loss and accuracy by epoch, of training and validation; mark the kept epochs.

    `history` has the columns of plots/history.csv.
    """
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    figure.suptitle(title)
    networks = history["network"].nunique()
    for ax, metric in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for network, rows in history.groupby("network"):
            in_legend = network == 1  # one entry stands for all networks
            for column, name, colour, style in (
                (metric, "training", BLUE, "o--"),
                (f"val_{metric}", "validation", ORANGE, "s-"),
            ):
                label = name if in_legend else None
                ax.plot(rows["epoch"], rows[column], style, color=colour, label=label, markersize=4)
            kept = rows[rows["kept"] == 1].iloc[0]
            epoch, value = int(kept["epoch"]), kept[f"val_{metric}"]
            name = f"kept epoch, {epoch}: {value:.4f}" if networks == 1 else "kept epochs"
            label = name if in_legend else None
            ax.plot(epoch, value, "*", color="black", markersize=13, label=label, zorder=3)
        ax.set_xlabel("epoch")
        ax.set_ylabel(metric)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(alpha=0.3)
        ax.legend()
    return figure


def confusion_figure(predictions: pd.DataFrame, title: str) -> Figure:
    """Draw the confusion matrix; the shade of a cell shows its mistakes alone."""
    counts = confusion_matrix(
        predictions["label"], predictions["predicted"], labels=range(NUM_CLASSES)
    )
    mistakes = np.where(np.eye(NUM_CLASSES, dtype=bool), 0, counts)
    figure = Figure(figsize=(7.5, 7), layout="constrained")
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
    ax.set_xticks(range(NUM_CLASSES))
    ax.set_yticks(range(NUM_CLASSES))
    ax.set_xlabel("predicted digit")
    ax.set_ylabel("true digit")
    ax.set_title(f"{title}\nframed: right; shaded: mistakes")
    return figure


def misclassified_figure(
    predictions: pd.DataFrame, images: UInt8Array, max_images: int, title: str
) -> Figure:
    """Draw up to `max_images` mistakes, the most confident first, of the images (N, 28, 28, 1)."""
    mistakes = predictions[predictions["label"] != predictions["predicted"]]
    worst = mistakes.sort_values(["confidence", "index"], ascending=[False, True]).head(max_images)
    captions = [
        f"{row.label} taken for {row.predicted}\n{row.confidence:.1%} sure"
        for row in worst.itertuples()
    ]
    which = "all" if len(worst) == len(mistakes) else f"the {len(worst)} most confident"
    heading = f"{title}: {which} of {len(mistakes):,} mistakes in {len(predictions):,} test images"
    if not captions:
        heading = f"{title}: no mistake in {len(predictions):,} test images"
    return image_grid(images[worst["index"]], captions, heading, [ORANGE] * len(worst))


def predictions_figure(
    predictions: pd.DataFrame, images: UInt8Array, count: int, seed: int, title: str
) -> Figure:
    """Draw `count` random images of (N, 28, 28, 1), each with its prediction and its label."""
    chosen = predictions.sample(min(count, len(predictions)), random_state=seed)
    labels, predicted = chosen["label"].to_numpy(), chosen["predicted"].to_numpy()
    captions = [
        f"{'✓' if label == read else '✗'} read {read}, is {label}"
        for label, read in zip(labels, predicted, strict=True)
    ]
    colours = [BLUE if right else ORANGE for right in labels == predicted]
    heading = f"{title}: random test images, what the model read and what they are"
    return image_grid(images[chosen["index"]], captions, heading, colours)


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays",
        history="CSV file with the metrics of each epoch",
        predictions="CSV file with the predictions",
        metrics="JSON file with the scores",
        plots="folder for the pictures",
        params="parameter file",
    )
    settings = load_section(Plot, paths.params)
    history, predictions = read_csv(paths.history), read_csv(paths.predictions)
    metrics = read_json(paths.metrics)
    images = load_split(paths.processed, "test").images

    dataset = metrics["dataset"]
    score = f"{dataset}: accuracy {metrics['accuracy']:.2%}"
    figures = {
        "history": history_figure(history, f"{dataset}: learning curves"),
        "confusion": confusion_figure(predictions, score),
        "misclassified": misclassified_figure(predictions, images, settings.mistakes, dataset),
        "predictions": predictions_figure(
            predictions, images, settings.predictions, settings.seed, dataset
        ),
    }
    for name, figure in figures.items():
        write_figure(paths.plots / f"{name}.png", figure)
        print(paths.plots / f"{name}.png")
