"""The tasks of the processes that read pictures, in this process."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.class_reader import ClassReader
from app.montage import steps_row, steps_sheet
from app.outcome import as_json, as_text
from app.reader import Reader
from app.tasks import (
    check,
    draw_steps,
    explain,
    read_example,
    recognise_file,
    recognise_picture,
)
from app.web.api import ReadingJson
from app.why import as_data_url, image_in, importance
from pictures.arrays import UInt8Array
from pictures.files import MoreNeededError
from pictures.fit import fitted
from tests.app.conftest import drawn, encoded, images_in

BLANK = encoded(Image.new("L", (90, 30), 255))
SEVEN = encoded(drawn(7))


@pytest.fixture(scope="module")
def class_reader(model: Path) -> ClassReader:
    """Give a reader of ten letters, which looks at pictures as they are."""
    return ClassReader(model, tuple("abcdefghij"))


def test_the_model_is_asked_for_its_classes(reader: Reader) -> None:
    """The committed model knows ten."""
    assert check(reader) == 10


def test_a_model_that_answers_twice_is_none() -> None:
    """Of one image it says two things, so it was made for something else."""

    def classify(images: UInt8Array) -> UInt8Array:
        assert images.shape == (1, 28, 28)
        return np.zeros((2, 10), np.uint8)

    reader: Any = SimpleNamespace(classify=classify)
    with pytest.raises(ValueError, match=r"\Athe model answers one image with 2 rows\Z"):
        check(reader)


@pytest.mark.parametrize("show", [False, True])
@pytest.mark.parametrize("is_json", [False, True])
def test_a_file_is_read_as_its_content(
    reader: Reader, tmp_path: Path, is_json: bool, show: bool
) -> None:
    """The line is plain or JSON, and the steps are drawn for who wants to see them."""
    path = tmp_path / "7.png"
    path.write_bytes(SEVEN)
    reading = reader.recognise(SEVEN)
    line = as_json(str(path), reading) if is_json else as_text(str(path), reading)
    assert line.startswith('{"path"' if is_json else f"{path}: 7 (")
    for content in (None, SEVEN):
        outcome = recognise_file(reader, str(path), content, is_json, show)
        assert (outcome.line, outcome.is_error) == (line, False)
        np.testing.assert_array_equal(outcome.row, steps_row(reading) if show else None)


def test_content_from_elsewhere_only_has_a_name(reader: Reader) -> None:
    """What came on standard input is not looked for in a file."""
    assert recognise_file(reader, "-", SEVEN, False, False).line.startswith("-: 7 (")


@pytest.mark.parametrize("show", [False, True])
def test_a_refused_file_says_why(reader: Reader, show: bool) -> None:
    """A picture without a digit is an error, whose steps are worth a look."""
    row = steps_row(reader.recognise(BLANK)) if show else None
    for is_json in (False, True):
        outcome = recognise_file(reader, "a.png", BLANK, is_json, show)
        error = "no digit: the sheet is blank"
        line = json.dumps({"path": "a.png", "error": error}) if is_json else f"a.png: {error}"
        assert (outcome.line, outcome.is_error) == (line, True)
        np.testing.assert_array_equal(outcome.row, row)


def test_other_classes_are_not_recognised_by_their_own_words(class_reader: ClassReader) -> None:
    """A model of letters that is not sure does not speak of digits."""
    picture = encoded(drawn(3, ink="white", paper="black").resize((200, 28)))
    assert recognise_file(class_reader, "a.png", picture, False, False)[:2] == (
        "a.png: not recognised: most likely b, but with only 29 % confidence",
        True,
    )


@pytest.mark.parametrize("is_json", [False, True])
def test_a_file_that_cannot_be_loaded_says_why(
    reader: Reader, tmp_path: Path, is_json: bool
) -> None:
    """There are no steps to draw, also for who wants to see them."""
    path, error = str(tmp_path / "none.png"), "No such file or directory"
    line = json.dumps({"path": path, "error": error}) if is_json else f"{path}: {error}"
    assert recognise_file(reader, path, None, is_json, True) == (line, True, None)


def test_who_needs_more_is_told_to_the_caller(model: Path) -> None:
    """It is no error of the picture: a process with wider limits reads it."""
    with pytest.raises(MoreNeededError):
        recognise_file(Reader(model, memory=1000), "a.png", SEVEN, False, False)


def test_a_row_is_an_answer_of_the_page(reader: Reader) -> None:
    """Each digit has its name, how sure it is, its box and its image; the whole, its text."""
    content = encoded(drawn(4, 2))
    reading, answer = reader.recognise(content), recognise_picture(reader, content)
    assert json.loads(ReadingJson(**answer).model_dump_json(exclude_unset=True)) == json.loads(
        json.dumps(answer)
    )
    digits = answer.pop("digits")
    assert answer == {
        "text": "42",
        "confidence": reading.confidence,
        "reason": "",
        "width": 200,
        "height": 100,
    }
    for digit, read, name in zip(digits, reading.answers, "42", strict=True):
        np.testing.assert_array_equal(image_in(digit.pop("image")), read.image)
        assert digit == {
            "digit": int(name),
            "name": name,
            "confidence": read.confidence,
            "probabilities": read.probabilities,
            "none": read.none,
            "box": read.box,
        }


def test_a_refused_picture_is_an_answer_with_a_reason(reader: Reader) -> None:
    """It has no digits, but its size."""
    assert recognise_picture(reader, BLANK) == {
        "digits": [],
        "text": "",
        "confidence": 0,
        "reason": "the sheet is blank",
        "width": 90,
        "height": 30,
    }


def test_another_class_has_its_name_and_no_score_for_none(class_reader: ClassReader) -> None:
    """Nobody has asked whether the picture shows none of the classes."""
    picture = drawn(3, ink="white", paper="black").resize((28, 28))
    (answer,) = recognise_picture(class_reader, encoded(picture))["digits"]
    assert (answer["digit"], answer["name"], answer["none"]) == (3, "d", None)


def test_steps_are_drawn_as_a_png(reader: Reader) -> None:
    """The page shows the same picture that --show saves, on a sheet."""
    drawing = draw_steps(reader, SEVEN)
    assert drawing.startswith(b"\x89PNG")
    with Image.open(io.BytesIO(drawing)) as picture:
        np.testing.assert_array_equal(picture, steps_sheet(reader.recognise(SEVEN)))


@pytest.mark.parametrize(("letters", "empty"), [(False, 0), (True, 200)])
def test_empty_paper_is_black_for_digits_only(
    reader: Reader, class_reader: ClassReader, letters: bool, empty: int
) -> None:
    """An image of another class keeps the colour of its paper, and its border tells it."""
    image = np.full((28, 28), 200, np.uint8)
    image[8:20, 12:16] = 90
    found = explain(class_reader if letters else reader, as_data_url(image), 1)
    assert found == importance(reader.classify, image, 1, empty).tolist()
    assert (np.array(found)[0, 0] == 0) == letters


def test_an_example_is_saved_with_its_pixels(reader: Reader, class_reader: ClassReader) -> None:
    """A digit's pixels are those that were cut out, those of another class the whole picture's."""
    (image,) = images_in(SEVEN)
    assert read_example(reader, SEVEN) == (SEVEN, ".png", image.tobytes())
    picture = drawn(7).convert("L")
    photo = encoded(picture, "BMP")
    whole = fitted(np.asarray(picture, np.float32) / np.float32(255))
    assert read_example(class_reader, photo) == (photo, ".bmp", whole.tobytes())
