"""Whole pictures, by the committed model with letters for names, and by a model of grey levels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.class_reader import ClassReader, low_confidence
from app.classes import read_classes
from pictures.files import PictureError
from pictures.fit import fitted
from tests.app.conftest import NAMES, Named, drawn, encoded


@pytest.fixture(scope="module")
def letters(model: Path) -> ClassReader:
    """Give a reader with the committed model, which calls a three d."""
    return ClassReader(model, tuple("abcdefghij"))


@pytest.mark.slow
@pytest.mark.parametrize(("level", "place"), [(0, 0), (128, 1), (255, 2)])
def test_names_any_picture(named: Named, level: int, place: int) -> None:
    """A sheet without ink is named too, by a model that tells dark, medium and light ones apart."""
    reading = ClassReader(named.model, read_classes(named.classes)).recognise(
        encoded(Image.new("L", (90, 30), level))
    )
    (answer,) = reading.answers
    assert (reading.text, reading.reason, answer.digit) == (NAMES[place], "", place)
    assert (answer.image == level).all()


def test_what_is_named_is_the_whole_picture(letters: ClassReader) -> None:
    """Its box, its image and the steps to it are the picture's; nothing is cut out of it."""
    picture = drawn(3, ink="white", paper="black").convert("L").resize((56, 28))
    grey = np.asarray(picture, np.float32) / np.float32(255)
    reading = letters.recognise(encoded(picture))
    (answer,) = reading.answers
    assert (reading.text, reading.reason, reading.classes) == ("d", "", tuple("abcdefghij"))
    assert (answer.digit, answer.box, reading.size, answer.none) == (3, (0, 0, 56, 28), (56, 28), 0)
    assert reading.confidence == answer.confidence == max(answer.probabilities) > 0.9
    assert sum(answer.probabilities) == pytest.approx(1)
    np.testing.assert_array_equal(answer.image, fitted(grey))
    steps = reading.steps
    np.testing.assert_allclose(steps.grey, grey, atol=1e-6)
    np.testing.assert_array_equal(steps.ink, steps.grey)
    for mask in (steps.mask, steps.writing, steps.components):
        assert mask.shape == (28, 56)
        assert not mask.any()
    ((box, image),) = steps.digits
    assert (box, steps.boxes, steps.factor, steps.is_mnist_form) == ((0, 0, 56, 28), [], 1, False)
    np.testing.assert_array_equal(image, answer.image)


def test_what_is_not_sure_is_not_recognised(letters: ClassReader) -> None:
    """It keeps its answer, with the likeliest name as the reason."""
    picture = drawn(3, ink="white", paper="black").resize((200, 28))
    reading = letters.recognise(encoded(picture))
    assert reading.reason == "most likely b, but with only 29 % confidence"
    assert (reading.text, len(reading.answers)) == ("b", 1)


def test_28x28_pixels_reach_the_model_as_they_are(letters: ClassReader) -> None:
    """Neither is the paper taken away nor anything moved."""
    image = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    (answer,) = letters.recognise(encoded(Image.fromarray(image))).answers
    np.testing.assert_array_equal(answer.image, image)
    assert answer.probabilities == letters.classify(image[np.newaxis])[0].tolist()


def test_what_is_no_picture_is_an_error(letters: ClassReader) -> None:
    """A damaged file is refused as it is for digits."""
    with pytest.raises(PictureError, match="not a picture in a known format"):
        letters.recognise(b"no picture")


def test_low_confidence_is_a_reason() -> None:
    """Below a half the likeliest class is named, but the picture counts as not recognised."""
    assert low_confidence(np.array([0.5, 0.3, 0.2], np.float32), "boot") == ""
    reason = low_confidence(np.array([0.444, 0.356, 0.2], np.float32), "boot")
    assert reason == "most likely boot, but with only 44 % confidence"
