"""Whole pictures, by a model of three made classes: dark, medium and light pictures."""

import numpy as np
import pytest
from PIL import Image

from app.class_reader import ClassReader, low_confidence
from app.classes import read_classes
from pictures.files import PictureError
from tests.app.conftest import NAMES, Named, encoded


@pytest.fixture(scope="module")
def class_reader(named: Named) -> ClassReader:
    """Give a reader with the made model."""
    return ClassReader(named.model, read_classes(named.classes))


@pytest.mark.slow
@pytest.mark.parametrize(("level", "place"), [(0, 0), (128, 1), (255, 2)])
def test_names_any_picture(class_reader: ClassReader, level: int, place: int) -> None:
    """A sheet without ink is named too, and what is named is the whole picture."""
    reading = class_reader.recognise(encoded(Image.new("L", (90, 30), level)))
    (answer,) = reading.answers
    assert (reading.text, reading.reason) == (NAMES[place], "")
    assert (answer.digit, answer.box, reading.size) == (place, (0, 0, 90, 30), (90, 30))
    assert reading.confidence == answer.confidence == max(answer.probabilities) > 0.9
    assert (answer.image == level).all()


@pytest.mark.slow
def test_28x28_pixels_reach_the_model_as_they_are(class_reader: ClassReader) -> None:
    """Neither is the paper taken away nor anything moved."""
    image = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    (answer,) = class_reader.recognise(encoded(Image.fromarray(image))).answers
    np.testing.assert_array_equal(answer.image, image)


@pytest.mark.slow
def test_what_is_no_picture_is_an_error(class_reader: ClassReader) -> None:
    """A damaged file is refused as it is for digits."""
    with pytest.raises(PictureError, match="not a picture in a known format"):
        class_reader.recognise(b"no picture")


def test_low_confidence_is_a_reason() -> None:
    """Below a half the likeliest class is named, but the picture counts as not recognised."""
    assert low_confidence(np.array([0.5, 0.3, 0.2], np.float32), "boot") == ""
    reason = low_confidence(np.array([0.42, 0.38, 0.2], np.float32), "boot")
    assert reason == "most likely boot, but with only 42 % confidence"
