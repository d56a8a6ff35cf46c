import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.classifier import Classifier
from app.judge import NONE, Judge
from app.models import CHARACTERS, COMMITTED
from pictures.box import Box
from pictures.segment import Digit, find_digits
from tests.app.conftest import STROKES, drawn
from tests.conftest import PROJECT

Strokes = list[list[tuple[int, int]]]
OTHERS: dict[str, Strokes] = {
    "plus": [[(50, 15), (50, 85)], [(15, 50), (85, 50)]],
    "times": [[(20, 20), (80, 80)], [(80, 20), (20, 80)]],
    "A": [[(20, 88), (50, 12), (80, 88)], [(32, 60), (68, 60)]],
    "E": [[(72, 14), (30, 14), (30, 86), (72, 86)], [(30, 50), (65, 50)]],
    "K": [[(28, 12), (28, 88)], [(72, 12), (28, 52), (74, 88)]],
    "triangle": [[(50, 14), (85, 84), (15, 84), (50, 14)]],
}


@pytest.fixture(scope="module")
def judge() -> Judge:
    """Give the judge with both committed networks."""
    return Judge(PROJECT / COMMITTED, PROJECT / CHARACTERS)


def found(picture: Image.Image) -> list[Digit]:
    """Return what the steps of the app cut out of a picture."""
    return find_digits(np.asarray(picture.convert("L"), np.float32) / np.float32(255)).digits


def test_drawn_digits_are_digits(judge: Judge) -> None:
    """All ten are named, and none of them looks like no digit."""
    verdict = judge([digit for name in STROKES for digit in found(drawn(name))])
    assert verdict.probabilities.argmax(axis=1).tolist() == list(STROKES)
    assert verdict.none.max() < 0.1
    np.testing.assert_allclose(verdict.probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", OTHERS)
def test_other_drawings_are_none(judge: Judge, name: str) -> None:
    """Signs, letters and shapes look like no digit."""
    picture = Image.new("L", (100, 100), 255)
    for stroke in OTHERS[name]:
        ImageDraw.Draw(picture).line(stroke, 0, 8, joint="curve")
    assert judge(found(picture)).none.min() > 0.9


def test_both_networks_name_a_digit(judge: Judge) -> None:
    """The probabilities are the mean of both networks', the second's without "none"."""
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    digits = [Digit(Box(0, 0, 28, 28), image) for image in images]
    by_model = Classifier(PROJECT / COMMITTED)(images)
    by_characters = Classifier(PROJECT / CHARACTERS)(images)
    named = by_characters[:, :NONE] / (1 - by_characters[:, NONE:])
    verdict = judge(digits)
    np.testing.assert_allclose(verdict.probabilities, (by_model + named) / 2, atol=1e-3)
    np.testing.assert_array_equal(verdict.none, by_characters[:, NONE])


def test_the_model_alone_names_a_digit_in_mnist_form(judge: Judge) -> None:
    """An image of MNIST has the probabilities that the model gives it."""
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    digits = [Digit(Box(0, 0, 28, 28), image) for image in images]
    verdict = judge(digits, is_mnist_form=True)
    np.testing.assert_array_equal(verdict.probabilities, Classifier(PROJECT / COMMITTED)(images))
    np.testing.assert_array_equal(verdict.none, judge(digits).none)
