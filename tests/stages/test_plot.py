import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from stages.figures.history import history_figure
from stages.figures.mistakes import misclassified_figure, predictions_figure
from stages.figures.scores import confidence_figure, confusion_figure, digits_figure
from stages.plot import main
from stages.shared.arrays import LabelledImages, save_split
from stages.shared.dataset import DIGITS, DataSet, write_dataset
from stages.shared.files import write_csv, write_json

DIGITS_SET = DataSet("digits", DIGITS)
IMAGES = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), dtype=np.uint8)
HISTORY = pd.DataFrame(
    {
        "network": [1, 1, 1],
        "epoch": [1, 2, 3],
        "learning_rate": [0.1, 0.2, 0.1],
        "loss": [3.0, 2, 1],
        "val_loss": [3.0, 1.5, 2],
        "accuracy": [0.1, 0.2, 0.3],
        "val_accuracy": [0.1, 0.3, 0.2],
        "kept": [0, 1, 0],
    }
)


def _table(mistakes: int) -> pd.DataFrame:
    labels = np.arange(30) % 10
    wrong = np.arange(30) < mistakes
    return pd.DataFrame(
        {
            "index": np.arange(30),
            "label": labels.astype(str),
            "predicted": np.where(wrong, (labels + 1) % 10, labels).astype(str),
            "confidence": np.linspace(0.5, 0.99, 30),
            "runner_up": ((labels + 2) % 10).astype(str),
        }
    )


def _titles(figure: Figure) -> list[str]:
    return [ax.get_title() for ax in figure.axes if ax.get_title()]


def test_mistakes_worst_first() -> None:
    """The most confident mistake comes first, with confidence, runner-up and index."""
    figure = misclassified_figure(_table(5), IMAGES, max_images=3, title="digits")
    assert _titles(figure) == [
        "4 taken for 5\n56.8%, then 6\nimage 4",
        "3 taken for 4\n55.1%, then 5\nimage 3",
        "2 taken for 3\n53.4%, then 4\nimage 2",
    ]
    assert figure.get_suptitle() == ("digits: the 3 most confident of 5 mistakes in 30 test images")
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), IMAGES[4, ..., 0])


def test_equally_sure_mistakes_are_in_their_order() -> None:
    """Two runs on other machines, whose last digits may differ, draw the same picture."""
    table = _table(3).assign(confidence=0.9)
    figure = misclassified_figure(table, IMAGES, max_images=3, title="digits")
    assert [title[-7:] for title in _titles(figure)] == ["image 0", "image 1", "image 2"]


@pytest.mark.parametrize(("mistakes", "shown"), [(0, 0), (1, 1), (2, 2), (11, 11)])
def test_few_or_no_mistakes(mistakes: int, shown: int) -> None:
    """The figure shows all mistakes if there are fewer than max_images, even if there are none."""
    figure = misclassified_figure(_table(mistakes), IMAGES, max_images=40, title="digits")
    assert len(_titles(figure)) == shown
    which = {0: "no mistake", 1: "the only mistake"}.get(mistakes, f"all {mistakes} mistakes")
    assert figure.get_suptitle() == f"digits: {which} in 30 test images"


def test_the_least_sure_predictions_come_first() -> None:
    """Each title tells right from wrong without colour; the least confident image comes first."""
    figure = predictions_figure(_table(1), IMAGES, count=2, title="digits")
    assert _titles(figure) == ["✗ read 1, is 0\n50.0%, then 2", "✓ read 1, is 1\n51.7%, then 3"]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), IMAGES[0, ..., 0])
    few = predictions_figure(_table(1).head(5), IMAGES, count=99, title="digits")
    assert len(_titles(few)) == 5


@pytest.mark.parametrize(
    ("classes", "ticks", "size"),
    [
        ("0123456789", ["0\nof 3", "1\nof 3", "8\nof 3", "9\nof 0"], (8, 4.5)),
        ([f"no{name}" for name in "0123456789"], ["no0\nof 3"], (8, 4.5)),  # fits beside others
        (
            [*(f"boot {name}" for name in "0123456789a"), "b" * 24],
            ["boot 0, of 3", "boot a, of 0", f"{'b' * 24}, of 0"],
            (9.6, 4.5 + 24 / 14),
        ),
    ],
)
def test_errors_of_each_class(
    classes: Sequence[str], ticks: list[str], size: tuple[float, float]
) -> None:
    """Bars count errors, names say of how many images; a class without either has a zero."""
    table = _table(12).query("label != '9'")
    for column in ("label", "predicted"):
        table[column] = [classes[int(label)] for label in table[column]]
    dataset = DataSet("a set", tuple(classes))
    figure = digits_figure(table, dataset, title="a set")
    (ax,) = figure.axes
    errors = [2, 2, 1, 1, 1, 1, 1, 1, 1, *[0] * (len(classes) - 9)]
    heights = [int(patch.get_height()) for patch in ax.patches]  # type: ignore[attr-defined]
    assert heights == errors
    assert [text.get_text() for text in ax.texts] == [str(count) for count in errors]
    assert {*ticks} <= {text.get_text() for text in ax.get_xticklabels()}
    assert figure.get_size_inches() == pytest.approx(size)


@pytest.mark.parametrize(("mistakes", "first_share"), [(0, 0), (6, 60), (30, 0)])
def test_confidence(mistakes: int, first_share: float) -> None:
    """The first point is the share right of the lowest tenth; the curve ends at the accuracy.

    Full confidence belongs to the highest tenth, so there are five. The curve begins to fall in the
    middle of its axis: with six errors, the least sure of 30 images, after 80 % of them.
    """
    confidence = np.linspace(0.5, 1, 30)
    table = _table(mistakes).assign(confidence=confidence)
    figure = confidence_figure(table, title="digits")
    left, right = figure.axes
    curve = np.asarray(right.lines[0].get_ydata(), float)
    assert len(curve) == 30
    assert curve[-1] == pytest.approx(100 * (30 - mistakes) / 30)
    shares = np.asarray(right.lines[0].get_xdata(), float)
    np.testing.assert_allclose(shares, 100 * np.arange(1, 31) / 30)
    assert right.get_xlim() == pytest.approx((first_share, 100))
    first = np.asarray(left.lines[1].get_ydata(), float)
    count = sum(0.5 <= value < 0.6 for value in confidence)
    assert len(left.texts) == 5
    assert first[0] == pytest.approx(max(0, count - mistakes) / count)


def test_equally_sure_answers_are_in_their_order() -> None:
    """The first image is wrong and all others are right, so the curve rises from 0."""
    figure = confidence_figure(_table(1).assign(confidence=0.9), title="digits")
    curve = np.asarray(figure.axes[1].lines[0].get_ydata(), float)
    assert curve.tolist() == sorted(curve)
    assert curve[0] == 0


def test_confusion_counts() -> None:
    """Each cell shows the image count of its label and prediction."""
    figure = confusion_figure(_table(1), DIGITS_SET, title="digits")
    cells = np.array([text.get_text() for text in figure.axes[0].texts]).reshape(10, 10)
    assert cells[0, 1] == "1"
    assert cells[0, 0] == "2"
    assert cells[5, 5] == "3"
    assert cells[9, 0] == "0"


def test_history_marks_the_kept_epoch() -> None:
    """A star marks each network's kept epoch; a run of one epoch has room around it."""
    two = pd.concat([HISTORY, HISTORY.assign(network=2)])
    lines = history_figure(two, "digits").axes[0].lines
    stars = [line for line in lines if line.get_marker() == "*"]
    assert [np.asarray(line.get_xdata()).tolist() for line in stars] == [[2], [2]]
    assert stars[0].get_label() == "kept epochs"  # one legend entry for both networks
    labels = [line.get_label() for line in history_figure(HISTORY, "digits").axes[0].lines]
    assert "kept epoch, 2: 1.5000" in labels
    one = history_figure(HISTORY.iloc[:1].assign(kept=1), "digits").axes
    assert {ax.get_xlim() for ax in one} == {(0.5, 1.5)}


CLOTHES = DataSet(
    "clothes", ("T-shirt/top", "Ankle boot", "a class with quite a long name, $1 or $2")
)


def _clothes() -> pd.DataFrame:
    """Return 30 predictions of three classes, of which the first four are wrong."""
    names = np.array(CLOTHES.classes)
    labels = np.arange(30) % 3
    predicted = np.where(np.arange(30) < 4, (labels + 1) % 3, labels)
    columns = {"label": labels, "predicted": predicted, "runner_up": (predicted + 1) % 3}
    table = pd.DataFrame({name: names[values] for name, values in columns.items()})
    return table.assign(index=np.arange(30), confidence=np.linspace(0.5, 0.99, 30))


def test_captions_have_the_names_of_the_classes() -> None:
    """A long name is broken where it would reach its neighbour, and no part of it is a formula."""
    mistakes = misclassified_figure(_clothes(), IMAGES, 10, "t")
    assert "a class with\nquite a long\nname, \\$1 or \\$2" in _titles(mistakes)[1]


def test_the_stage_draws_what_its_inputs_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each picture has the name of the set, and as many images as the parameters ask for."""
    save_split(tmp_path, "test", LabelledImages(IMAGES, np.zeros(30, np.uint8)))
    write_dataset(tmp_path / "dataset.json", CLOTHES)
    write_csv(tmp_path / "history", HISTORY)
    write_csv(tmp_path / "predictions", _clothes())
    write_json(tmp_path / "metrics", {"accuracy": 0.86666, "errors": 1234})
    with (tmp_path / "augmented").open("wb") as file:
        np.save(file, IMAGES[:3])
    (tmp_path / "params").write_text("plot: {predictions: 5, mistakes: 2}")
    arguments = ["--processed", str(tmp_path), "--plots", str(tmp_path / "plots")]
    for name in ("history", "predictions", "metrics", "augmented", "params"):
        arguments += [f"--{name}", str(tmp_path / name)]
    figures: dict[Path, Figure] = {}
    monkeypatch.setattr("stages.plot.write_figure", figures.__setitem__)
    monkeypatch.setattr(sys, "argv", ["", *arguments])
    main()
    assert {
        path.name: figure.get_suptitle() or figure.axes[0].get_title().partition("\n")[0]
        for path, figure in figures.items()
    } == {
        "history.png": "clothes: learning curves",
        "confusion.png": "clothes: accuracy 86.67%",
        "digits.png": "clothes: errors by class, 1,234 in all",
        "confidence.png": "clothes: accuracy 86.67%",
        "misclassified.png": "clothes: the 2 most confident of 4 mistakes in 30 test images",
        "predictions.png": "clothes: the test images of which the model is least sure",
        "augmentation.png": "clothes: training images in the first epoch",
    }
    paths = [str(tmp_path / "plots" / path.name) for path in figures]
    assert capsys.readouterr().out.splitlines() == paths == [str(path) for path in figures]
    shown = [
        [ax.images[0].get_array() for ax in figures[tmp_path / "plots" / name].axes if ax.images]
        for name in ("misclassified.png", "predictions.png", "augmentation.png")
    ]
    for found, expected in zip(shown, ([3, 2], [0, 1, 2, 3, 4], [0, 1, 2]), strict=True):
        np.testing.assert_array_equal(found, IMAGES[expected, ..., 0])
    assert not _titles(figures[tmp_path / "plots" / "augmentation.png"])


@pytest.mark.slow
def test_labels_of_many_classes_do_not_overlap() -> None:
    """The names of 40 classes stand apart below the matrix and the bars."""
    many = DataSet("many", tuple(f"number {label}" for label in range(40)))
    names = np.array(many.classes)
    table = pd.DataFrame({"label": names, "predicted": np.roll(names, 1)})
    for figure in (confusion_figure(table, many, "t"), digits_figure(table, many, "t")):
        figure.draw_without_rendering()
        places = [tick.get_window_extent().x1 for tick in figure.axes[0].get_xticklabels()]
        assert min(np.diff(places)) > 15  # pixels: a line of text turned by 45 degrees takes 14
