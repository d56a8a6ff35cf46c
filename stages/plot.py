"""Draw what people would rather look at than read: the learning curves and the mistakes.

Reads: the figures of each epoch (`--history`, CSV), the predictions (`--predictions`, CSV), the
scores (`--metrics`, JSON) and test_{images,labels}.npy in the folder `--processed`.
Writes: history.png, confusion.png, misclassified.png and predictions.png in the folder `--plots`.
Parameters: plot.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import confusion_matrix

from stages import params
from stages.command import parse_paths, run
from stages.dataset import NUM_CLASSES, Bytes, load
from stages.files import read_csv, read_json, write_figure
from stages.sheet import image_sheet

# Two colours that people with any colour vision tell apart (Okabe and Ito, 2008).
BLUE, ORANGE = "#0072B2", "#D55E00"


def history_figure(history: pd.DataFrame, title: str) -> Figure:
    """Draw loss and accuracy by epoch, training against validation; mark what was kept."""
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    figure.suptitle(title)
    networks = history["network"].nunique()
    for ax, measure in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for network, own in history.groupby("network"):
            named = network == 1  # one entry in the legend is enough for all networks
            for column, name, colour, style in (
                (measure, "training", BLUE, "o--"),
                (f"val_{measure}", "validation", ORANGE, "s-"),
            ):
                label = name if named else None
                ax.plot(own["epoch"], own[column], style, color=colour, label=label, markersize=4)
            kept = own[own["kept"] == 1].iloc[0]
            epoch, then = int(kept["epoch"]), kept[f"val_{measure}"]
            which = f"kept epoch, {epoch}: {then:.4f}" if networks == 1 else "kept epochs"
            label = which if named else None
            ax.plot(epoch, then, "*", color="black", markersize=13, label=label, zorder=3)
        ax.set_xlabel("epoch")
        ax.set_ylabel(measure)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(alpha=0.3)
        ax.legend()
    return figure


def confusion_figure(predictions: pd.DataFrame, title: str) -> Figure:
    """Draw how often each digit was taken for each; the shade is that of the mistakes alone."""
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


def misclassified_figure(predictions: pd.DataFrame, images: Bytes, most: int, title: str) -> Figure:
    """Draw the mistakes, the most confident first, each with label, prediction and confidence."""
    mistakes = predictions[predictions["label"] != predictions["predicted"]]
    worst = mistakes.sort_values(["confidence", "index"], ascending=[False, True]).head(most)
    captions = [
        f"{row.label} taken for {row.predicted}\n{row.confidence:.1%} sure"
        for row in worst.itertuples()
    ]
    which = "all" if len(worst) == len(mistakes) else f"the {len(worst)} most confident"
    heading = f"{title}: {which} of {len(mistakes):,} mistakes in {len(predictions):,} test images"
    if not captions:
        heading = f"{title}: no mistake in {len(predictions):,} test images"
    return image_sheet(images[worst["index"]], captions, heading, [ORANGE] * len(worst))


def predictions_figure(
    predictions: pd.DataFrame, images: Bytes, number: int, seed: int, title: str
) -> Figure:
    """Draw random test images, each with its prediction and whether that is right."""
    chosen = predictions.sample(min(number, len(predictions)), random_state=seed)
    labels, predicted = chosen["label"].to_numpy(), chosen["predicted"].to_numpy()
    captions = [
        f"{'✓' if label == read else '✗'} read {read}, is {label}"
        for label, read in zip(labels, predicted, strict=True)
    ]
    colours = [BLUE if right else ORANGE for right in labels == predicted]
    heading = f"{title}: random test images, what the model read and what they are"
    return image_sheet(images[chosen["index"]], captions, heading, colours)


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays",
        history="CSV file with the figures of each epoch",
        predictions="CSV file with the predictions",
        metrics="JSON file with the scores",
        plots="folder for the pictures",
        params="parameter file",
    )
    settings = params.load(params.Plot, paths.params)
    history, predictions = read_csv(paths.history), read_csv(paths.predictions)
    metrics = read_json(paths.metrics)
    images = load(paths.processed, "test").images

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


if __name__ == "__main__":
    run(main)
