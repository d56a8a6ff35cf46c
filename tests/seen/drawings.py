"""Small pictures of every kind that the project draws, each from the same few made inputs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import ImageDraw, ImageOps

from app.montage import as_png, save, steps_row, steps_sheet
from app.reader import Answer, Reading
from benchmarks.results import COLUMNS, results_figure
from experiments.configuration import Configuration
from experiments.figures import changed_figure, comparison_figure, ranking_figure
from experiments.finding import Finding, compare_runs
from experiments.ranking import Ranked
from experiments.runs import Run
from experiments.sources import Source
from handwriting.characters import draw_samples
from pictures.arrays import UInt8Array
from pictures.decode import decode
from pictures.segment import find_digits
from stages.figures.history import history_figure
from stages.figures.image_grid import image_grid
from stages.figures.mistakes import misclassified_figure, predictions_figure
from stages.figures.scores import confidence_figure, confusion_figure, digits_figure
from stages.preprocess import samples_figure
from stages.shared.arrays import LabelledImages
from stages.shared.dataset import DIGITS, DataSet
from tests.app.conftest import STROKES, drawn, encoded

DIGITS_SET = DataSet("digits", DIGITS)
CLOTHES = DataSet("clothes", ("T-shirt/top", "ankle boot", "$1 or $2 bags of any kind"))
COINS = DataSet("coins", ("a penny or two", "50 p", "$1 or $2"))
LABELS = np.arange(30) % 10
HEAD = (20, 22, 27)  # errors of three runs


def _image(digit: int) -> UInt8Array:
    """Draw a digit (28, 28, 1), light on dark."""
    picture = drawn(digit, pen=10, ink="white", paper="black").convert("L").resize((28, 28))
    return np.asarray(picture)[..., np.newaxis]


IMAGES = np.stack([_image(digit) for digit in STROKES])[LABELS]


def _history(networks: int) -> pd.DataFrame:
    """Return six epochs; the loss of each network falls, and the fourth epoch is the kept one."""
    epochs = np.arange(1, 7)
    tables = []
    for network in range(1, networks + 1):
        columns = {
            "network": network,
            "epoch": epochs,
            "learning_rate": 0.002 * np.sin(epochs / 2),
            "loss": 1.5 / epochs + 0.05 * network,
            "accuracy": 1 - 0.4 / epochs - 0.02 * network,
            "val_loss": 1 / epochs + 0.1 + 0.02 * (epochs - 4) ** 2 + 0.05 * network,
            "val_accuracy": 0.97 - 0.3 / epochs - 0.02 * network,
            "kept": (epochs == 4).astype(int),
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables)


def _predictions(dataset: DataSet) -> pd.DataFrame:
    """Return the answers to 30 images; some are wrong, and none is as sure as another."""
    names, places = np.array(dataset.classes), np.arange(30)
    labels = places % len(names)
    wrong = np.isin(places, (0, 6, 12, 16, 23))
    return pd.DataFrame(
        {
            "index": places,
            "label": names[labels],
            "predicted": names[np.where(wrong, (labels + 1) % len(names), labels)],
            "confidence": np.linspace(0.25, 0.99, 30)[places * 7 % 30],
            "runner_up": names[(labels + 2) % len(names)],
        }
    )


def _run(model: str, seed: int, wrong: range) -> Run:
    """Return a run that is wrong about some of 200 images."""
    params: dict[str, Any] = {"download.dataset": "digits", "train.model": model}
    params |= {"train.seed": seed, "train.networks": 1}
    labels = np.arange(200) % 10
    predicted = labels.copy()
    predicted[wrong] = (labels[wrong] + 1) % 10
    source = Source(f"{model}-{seed}", "", "")
    configuration = Configuration(params, {}, {}, "", "")
    return Run(source, configuration, labels.astype(str), predicted.astype(str))


def finding(model: str, wrong: tuple[int, ...], first: int = 0) -> Finding:
    """Compare HEAD's 20, 22 and 27 errors with runs that have so many, from one image on."""
    a = [_run("another-small-normalised-cnn", seed, range(n)) for seed, n in enumerate(HEAD)]
    b = [_run(model, seed, range(first, first + n)) for seed, n in enumerate(wrong)]
    return compare_runs(("main", model), a, b)


def ranked() -> list[Ranked]:
    """Rank three models of three runs each; the validation losses are in step with the errors."""
    runs = {"small-cnn": (5, 9, 6), "another-small-normalised-cnn": HEAD, "mlp": (40, 31, 37)}
    values = []
    for model, wrong in runs.items():
        found = finding(model, wrong)
        losses = [errors / 200 for errors in wrong]
        values.append(Ranked(model, list(found.groups[1]), losses, found))
    return values


def _results() -> Figure:
    """Draw two recipes, of which the slow one alone reaches the second target."""
    rows = [
        ("slow", 0, 0.991, 90, 10, 100.4, 90.0, 99.0, None, 4_960_000, 0.5, 1000.0),
        ("slow", 1, 0.993, 70, 10, 102.4, 80.0, 95.0, None, 4_960_000, 0.5, 1100.0),
        ("fast", 0, 0.9901, 99, 1, 7.0, 7.0, None, None, 933_600, 0.206, 900.2),
        ("fast", 1, 0.9901, 120, 1, 9.0, 8.0, None, None, 933_600, 0.206, 900.2),
    ]
    return results_figure(pd.DataFrame(rows, columns=COLUMNS))


def _reading_of_digits() -> Reading:
    """Return what a sure model says of a framed picture of a four and a two."""
    picture = ImageOps.expand(drawn(4, 2), 20, "white")
    ImageDraw.Draw(picture).rectangle((4, 4, 235, 135), outline="black", width=3)
    steps = find_digits(decode(encoded(picture)).grey)
    answers = [
        Answer(digit, 0.98, [0.0] * 10, 0.01, found.box, found.image)
        for digit, found in zip((4, 2), steps.digits, strict=True)
    ]
    return Reading(answers, "42", 0.9, "", steps, picture.size)


def _draw_steps(path: Path) -> None:
    path.write_bytes(as_png(steps_sheet(_reading_of_digits())))


def _draw_rows(path: Path) -> None:
    """Draw the steps of three pictures: of digits, of no digit, and of a class with a long name."""
    digits = _reading_of_digits()
    letter = digits.answers[0]._replace(none=0.93)
    refused = digits._replace(answers=[letter], reason="the writing looks like no digit")
    bag = digits.answers[1]._replace(digit=2)
    named = digits._replace(answers=[bag], classes=CLOTHES.classes)
    save([steps_row(reading) for reading in (digits, refused, named)], path)


def _draw_made_pictures(path: Path) -> None:
    """Draw two kinds of made pictures, a row of each."""
    draw_samples({"digits": IMAGES[:10, ..., 0], "ones": IMAGES[1:30:10, ..., 0]}, path)


FIGURES: dict[str, Callable[[], Figure]] = {
    "history": lambda: history_figure(_history(1), "digits: learning curves"),
    "history-of-three": lambda: history_figure(_history(3), "digits: learning curves"),
    "confusion": lambda: confusion_figure(_predictions(DIGITS_SET), DIGITS_SET, "digits"),
    "confusion-of-names": lambda: confusion_figure(_predictions(CLOTHES), CLOTHES, "clothes"),
    "errors": lambda: digits_figure(_predictions(DIGITS_SET), DIGITS_SET, "digits: 5 errors"),
    "errors-of-names": lambda: digits_figure(_predictions(CLOTHES), CLOTHES, "clothes: 5 errors"),
    "confidence": lambda: confidence_figure(_predictions(DIGITS_SET), "digits"),
    "misclassified": lambda: misclassified_figure(_predictions(COINS), IMAGES, 4, "coins"),
    "no-mistakes": lambda: misclassified_figure(
        _predictions(DIGITS_SET).query("label == predicted"), IMAGES, 4, "digits"
    ),
    "predictions": lambda: predictions_figure(_predictions(DIGITS_SET), IMAGES, 10, "digits"),
    "augmentation": lambda: image_grid(IMAGES[:10], [""] * 10, "digits: training images"),
    "samples": lambda: samples_figure(
        LabelledImages(IMAGES[:12], LABELS[:12].astype(np.uint8)), DIGITS_SET, seed=0
    ),
    "comparison": lambda: comparison_figure(finding("small-cnn", (5, 9, 6))),
    "changed": lambda: changed_figure(
        finding("mlp", (20, 22, 21), 4), np.resize(IMAGES, (200, 28, 28, 1))
    ),
    "ranking": lambda: ranking_figure("train.model", ranked()),
    "results": _results,
}
# These are drawn without Matplotlib.
SHEETS: dict[str, Callable[[Path], None]] = {
    "steps": _draw_steps,
    "steps-of-three": _draw_rows,
    "made-pictures": _draw_made_pictures,
}
