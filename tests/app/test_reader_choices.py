"""Which of several readings of a picture is taken, by networks that say what a test wants."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from app import reader as module
from app.judge import Verdict
from app.reader import Answer, Reader, Reading, is_sure
from app.rows import NO_ROW, Row
from pictures.arrays import Levels, Mask, Probabilities
from pictures.box import Box
from pictures.layout import MAX_DIGITS
from pictures.segment import Digit, Steps
from tests.app.conftest import drawn, encoded, images_in

IMAGE = np.zeros((28, 28), np.uint8)
NONE, ROW_NONE = "the writing looks like no digit", "the writing looks like no row of digits"


class Shape(NamedTuple):
    """What the networks say of a shape."""

    digit: int
    confidence: float
    none: float = 0


class Found(Digit):
    """A shape that was found, with what the networks say of it."""

    shape: Shape


def digits_of(shapes: tuple[Shape, ...]) -> list[Digit]:
    """Return the shapes side by side, 8 pixels wide and 16 high."""
    digits = []
    for place, shape in enumerate(shapes):
        digit = Found(Box(10 * place, 0, 10 * place + 8, 16), IMAGE)
        digit.shape = shape
        digits.append(digit)
    return [*digits]


def steps_of(*shapes: Shape, reason: str = "", size: tuple[int, int] = (16, 16)) -> Steps:
    """Return an attempt that found shapes."""
    grey, ink = np.zeros(size, np.float32), np.ones(size, np.bool_)
    digits = digits_of(shapes)
    boxes = [digit.box for digit in digits]
    return Steps(grey, grey, ink, ink, ink, boxes, 1, False, digits, reason)


def probabilities_of(shapes: list[Shape]) -> Probabilities:
    rows = np.array([[(1 - shape.confidence) / 9] * 10 for shape in shapes], np.float32)
    for row, shape in zip(rows, shapes, strict=True):
        row[shape.digit] = shape.confidence
    return rows


def judge(digits: list[Found], _: bool = False) -> Verdict:
    shapes = [digit.shape for digit in digits]
    return Verdict(probabilities_of(shapes), np.array([shape.none for shape in shapes], np.float32))


def row_of(confidence: float, *shapes: Shape) -> Row:
    """Return a row as the row network gives it."""
    return Row(
        digits_of(shapes),
        probabilities_of([*shapes]),
        [False] * len(shapes),
        confidence,
        [],
    )


class Chooser:
    """A reader with such networks."""

    def __init__(self, model: Path, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._reader = Reader(model)
        patch.setattr(self._reader, "judge", judge)
        self.masks: list[Mask] = []  # that the row network was given

    def read(self, *attempts: list[Steps], row: Row = NO_ROW) -> Reading:
        """Read a picture in which these attempts, each with its variants, find something."""

        def read_row(_: Levels, mask: Mask, __: int) -> Row:
            self.masks.append(mask)
            return row

        self._patch.setattr(self._reader, "_read_row", read_row)
        self._patch.setattr(module, "attempts", lambda _: map(iter, attempts))
        return self._reader.recognise(encoded(Image.new("L", (40, 40), 255)))


@pytest.fixture
def chooser(model: Path, monkeypatch: pytest.MonkeyPatch) -> Chooser:
    """Give a reader whose networks say what a test wants."""
    return Chooser(model, monkeypatch)


@pytest.mark.parametrize(
    ("attempts", "text", "reason"),
    [
        # A later attempt has to be surer: 0.8 of its confidence counts.
        ([[Shape(3, 0.7)], [Shape(4, 0.9)]], "4", ""),
        ([[Shape(3, 0.7)], [Shape(4, 0.85)]], "3", ""),
        ([[Shape(3, 0.9, 0.9)], [Shape(4, 0.6)]], "4", ""),
        ([[Shape(3, 0.6)], [Shape(4, 0.9, 0.9)]], "3", ""),
        # Of the variants of an attempt the first that is a digit, or else the likeliest.
        ([[Shape(3, 0.9, 0.9), Shape(4, 0.6), Shape(5, 0.9)]], "4", ""),
        ([[Shape(3, 0.6, 0.9), Shape(4, 0.9, 0.9), Shape(5, 0.7, 0.9)]], "4", NONE),
    ],
)
def test_the_best_attempt_is_taken(
    chooser: Chooser, attempts: list[list[Shape]], text: str, reason: str
) -> None:
    """An answer goes before a refusal, and then the confidence counts."""
    reading = chooser.read(*([steps_of(one) for one in variants] for variants in attempts))
    assert (reading.text, reading.reason, reading.size) == (text, reason, (40, 40))


def test_of_several_reasons_the_first_is_given(chooser: Chooser) -> None:
    """The likeliest attempt says best why a picture is refused."""
    first, second = steps_of(reason="the sheet is blank"), steps_of(reason="another")
    assert chooser.read([first], [second]).reason == "the sheet is blank"
    assert chooser.masks == []


def test_where_nothing_was_found_no_row_is_read(chooser: Chooser) -> None:
    """Of a wide picture all of whose ink was thrown away, the reason says why it was."""
    steps = steps_of(reason="the sheet is full", size=(16, 40))
    nothing = np.zeros((16, 40), np.bool_)
    row = row_of(0.9, Shape(4, 0.9), Shape(2, 0.9))
    assert chooser.read([steps._replace(components=nothing)], row=row).reason == steps.reason


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(3, 4, 9, 20), Box(3, 4, 9, 20)),
        (Box(5, 6, 5, 6), Box(5, 6, 6, 7)),
        (Box(40, 40, 40, 40), Box(39, 39, 40, 40)),
    ],
)
def test_a_box_has_a_pixel_of_the_picture(chooser: Chooser, box: Box, expected: Box) -> None:
    """Also where rounding leaves it none, or puts it at the border of the 40x40 pixels."""
    steps = steps_of(Shape(4, 0.6))
    digit = Found(box, IMAGE)
    digit.shape = Shape(4, 0.6)
    (answer,) = chooser.read([steps._replace(digits=[digit])]).answers
    assert answer.box == expected


def test_the_confidence_is_that_all_digits_are_right(chooser: Chooser) -> None:
    """Apart, the probabilities that each is the digit, and a digit at all, are multiplied."""
    reading = chooser.read([steps_of(Shape(4, 0.9, 0.1), Shape(2, 0.8))])
    assert (reading.text, reading.reason) == ("42", "")
    assert reading.confidence == pytest.approx(0.9 * 0.9 * 0.8)


def test_a_rows_confidence_is_calibrated(chooser: Chooser) -> None:
    """Where both networks agree on each digit, it is the row network's own to the power 0.4."""
    row = row_of(0.6, Shape(4, 0.9), Shape(2, 0.7))
    reading = chooser.read([steps_of(Shape(4, 0.9), Shape(2, 0.7))], row=row)
    assert (reading.text, reading.reason) == ("42", "")
    assert reading.confidence == pytest.approx(0.6**0.4)


@pytest.mark.parametrize(
    ("apart", "text", "reason"),
    [
        (Shape(4, 0.6), "42", ""),
        (Shape(4, 0.6, 0.9), "71", "several digits, but with only 16 % confidence"),
    ],
)
def test_an_unsure_row_gives_way_to_digits_apart(
    chooser: Chooser, apart: Shape, text: str, reason: str
) -> None:
    """If neither is a digit, the row says why."""
    row = row_of(0.01, Shape(7, 0.9), Shape(1, 0.9))
    reading = chooser.read([steps_of(apart, Shape(2, 0.6))], row=row)
    assert (reading.text, reading.reason) == (text, reason)


def test_a_row_of_which_most_was_thrown_away_is_no_letter(chooser: Chooser) -> None:
    """One narrow component may be a letter, but not where there is much more ink beside it."""
    row = row_of(0.25, Shape(4, 0.9), Shape(2, 0.9))  # calibrated 0.57: too little for a letter
    wide = Box(0, 0, 20, 16)
    letter = steps_of(Shape(8, 0.6), size=(16, 40))._replace(boxes=[wide])
    assert chooser.read([letter], row=row).text == "8"
    little = letter.components.copy()
    little[:, 10:] = False
    assert chooser.read([letter._replace(components=little)], row=row).text == "42"


@pytest.mark.parametrize(("count", "is_read"), [(MAX_DIGITS, True), (MAX_DIGITS + 1, False)])
def test_as_many_digits_as_allowed_are_read_as_a_row(
    chooser: Chooser, count: int, is_read: bool
) -> None:
    """More are not."""
    chooser.read([steps_of(*[Shape(1, 0.6)] * count)])
    assert (len(chooser.masks) == 1) == is_read


@pytest.mark.parametrize(("width", "with_frames"), [(25, False), (26, True)])
def test_a_long_picture_is_read_with_its_frames(
    chooser: Chooser, width: int, with_frames: bool
) -> None:
    """More than 1.6 times as wide as 16 pixels, nothing that may be a digit is left out."""
    steps = steps_of(Shape(4, 0.6), Shape(2, 0.6), size=(16, width))
    chooser.read([steps._replace(writing=np.zeros((16, width), np.bool_))])
    (mask,) = chooser.masks
    assert mask.any() == with_frames


def test_an_answer_is_sure_above_0_9() -> None:
    """Each one, and that it is a digit at all; of nothing nobody is sure."""
    sure, at_0_9 = (Answer(3, one, [], 0, Box(0, 0, 1, 1), IMAGE) for one in (0.99, 0.9))
    assert is_sure([sure, sure])
    assert not is_sure([sure, at_0_9])
    assert not is_sure([sure._replace(none=0.1)])
    assert not is_sure([])


def test_in_mnist_form_the_model_alone_is_asked(reader: Reader) -> None:
    """The probabilities are the model's, without those of the network of more hands."""
    (image,) = images_in(encoded(drawn(3)))
    (answer,) = reader.recognise(encoded(Image.fromarray(image))).answers
    np.testing.assert_array_equal(answer.image, image)
    assert answer.probabilities == reader.classify(image[np.newaxis])[0].tolist()
