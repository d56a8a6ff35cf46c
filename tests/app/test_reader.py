"""Whole pictures, from the file to the answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from app.reader import Reader
from pictures.box import Box
from tests.app.conftest import STROKES, drawn, encoded, images_in
from tests.pictures.anything import files


def row_of(*places: tuple[int, int]) -> Image.Image:
    """Draw digits, each with its left edge, on a sheet that is 140 pixels high."""
    picture = Image.new("L", (140 + max(left for _, left in places), 140), 255)
    draw = ImageDraw.Draw(picture)
    for digit, left in places:
        for stroke in STROKES[digit]:
            draw.line([(x + left + 20, y + 20) for x, y in stroke], 0, 8, joint="curve")
    return picture


def framed(digit: int, down: int = 20) -> Image.Image:
    """Draw a digit in the cell of a form."""
    picture = Image.new("L", (140, 140), 255)
    ImageDraw.Draw(picture).rectangle((6, 6, 133, 133), outline=0, width=3)
    cell = np.array(picture)
    cell[down : down + 100, 20:120] &= np.array(drawn(digit).convert("L"))
    return Image.fromarray(cell)


def tight(digit: int, is_inverted: bool) -> Image.Image:
    """Crop a bold digit to its ink and shrink it to 16x16 pixels."""
    levels = np.array(drawn(digit, pen=12).convert("L"))
    rows, columns = (np.flatnonzero((levels < 128).any(axis=axis)) for axis in (1, 0))
    crop = levels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    picture = Image.fromarray(255 - crop if is_inverted else crop)
    return picture.resize((16, 16), Image.Resampling.BOX)


def test_recognises_a_row(reader: Reader) -> None:
    """The answers come left to right, each with its box in the file's pixels and its image."""
    content = encoded(drawn(9, 4).resize((1200, 600)))
    reading = reader.recognise(content)
    assert (reading.reason, reading.text, reading.size) == ("", "94", (1200, 600))
    assert [answer.digit for answer in reading.answers] == [9, 4]
    assert [answer.box.left // 600 for answer in reading.answers] == [0, 1]
    assert reading.answers[0].box.height == pytest.approx(0.82 * 600, abs=30)
    for answer, image in zip(reading.answers, images_in(content), strict=True):
        assert np.abs(answer.image.astype(int) - image).mean() < 5
    assert reading.answers[0].runner_up != 9
    assert 0.5 < reading.confidence <= 1


@pytest.mark.slow
@given(made=files())
def test_any_picture_is_read_or_refused_in_one_line(
    reader: Reader, made: tuple[bytes, tuple[int, int]]
) -> None:
    """Whatever its mode, size and content; what is read has a box of pixels in the picture."""
    reading = reader.recognise(made[0])
    width, height = reading.size
    assert reading.reason or reading.answers
    assert "\n" not in reading.reason
    for answer in reading.answers:
        assert answer.image.shape == (28, 28)
        assert 0 <= answer.box.left < answer.box.right <= width
        assert 0 <= answer.box.top < answer.box.bottom <= height


@pytest.mark.parametrize("size", [(1001, 1000), (751, 108)])
def test_a_box_at_the_border_ends_with_the_picture(reader: Reader, size: tuple[int, int]) -> None:
    """The lower half of an eight ends in the last row, also of sides that no shrinking divides."""
    width, height = size
    picture = Image.new("L", size, 255)
    half = drawn(8).convert("L").crop((0, 0, 100, 80)).resize((height, height))
    picture.paste(half, ((width - height) // 2, 0))
    (answer,) = reader.recognise(encoded(picture)).answers
    assert answer.box.bottom == height


def test_a_digit_narrower_than_a_pixel_has_a_box_of_one(reader: Reader) -> None:
    """In a row of 18 pixels, which is enlarged to be read, two strokes are found."""
    levels = [152, 81, 118, 65, 23, 73, 66, 136, 56, 20, 35, 123, 92, 140, 114, 154, 156, 133]
    reading = reader.recognise(encoded(Image.fromarray(np.array([levels], np.uint8))))
    assert [answer.box for answer in reading.answers] == [(2, 0, 3, 1), (4, 0, 5, 1)]


def pasted(digits: list[int], side: int, margin: int) -> Image.Image:
    """Paste drawings of digits, each of `side` pixels, side by side on a sheet."""
    row = drawn(*digits).convert("L").resize((side * len(digits), side), Image.Resampling.BILINEAR)
    return ImageOps.expand(row, margin, 255)


ROWS = st.builds(
    pasted,
    st.lists(st.sampled_from([*STROKES]), min_size=1, max_size=3),
    st.integers(40, 190),
    st.integers(0, 20),
)


def text_and_boxes(reader: Reader, picture: Image.Image) -> tuple[str, list[Box]]:
    """Return what a picture says, and where."""
    reading = reader.recognise(encoded(picture))
    assert not reading.reason
    return reading.text, [answer.box for answer in reading.answers]


@pytest.mark.slow
@given(picture=ROWS, border=st.integers(1, 60))
def test_size_border_and_inversion_do_not_matter(
    reader: Reader, picture: Image.Image, border: int
) -> None:
    """Pixels doubled, white paper around, white on black: the same digits in the same places."""
    text, boxes = text_and_boxes(reader, picture)
    double = picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.NEAREST)
    for changed, scale, shift in (
        (double, 2, 0),
        (ImageOps.expand(picture, border, 255), 1, border),
        (ImageOps.invert(picture), 1, 0),
    ):
        same_text, places = text_and_boxes(reader, changed)
        assert same_text == text
        np.testing.assert_allclose(places, scale * np.array(boxes) + shift, atol=3)


def test_a_rejected_picture_has_no_answers(reader: Reader) -> None:
    """A blank sheet is never given to the model."""
    reading = reader.recognise(encoded(drawn(3, ink="white")))
    assert (reading.answers, reading.reason) == ([], "the sheet is blank")
    assert (reading.text, reading.confidence) == ("", 0)


@pytest.mark.parametrize("digit", [0, 3, 5, 6])
def test_a_digit_in_a_frame_is_read(reader: Reader, digit: int) -> None:
    """The cell of a form is not part of the digit: the box and the image are the digit's."""
    reading = reader.recognise(encoded(framed(digit)))
    (answer,) = reading.answers
    assert (reading.text, reading.reason) == (str(digit), "")
    assert answer.box.top > 20
    assert answer.box.height < 100


@pytest.mark.parametrize("digit", [0, 3, 5, 6])
def test_a_digit_on_its_frame_is_read(reader: Reader, digit: int) -> None:
    """A frame that touches the digit is cut off it."""
    reading = reader.recognise(encoded(framed(digit, down=36)))
    assert (reading.text, reading.reason) == (str(digit), "")
    assert reading.answers[0].box.height < 105


@pytest.mark.parametrize("is_inverted", [False, True])
@pytest.mark.parametrize("digit", [2, 3, 5, 8])
def test_a_tight_crop_is_read(reader: Reader, digit: int, is_inverted: bool) -> None:
    """A digit that fills its picture of 16x16 pixels is read, dark on light and light on dark."""
    reading = reader.recognise(encoded(tight(digit, is_inverted)))
    assert (reading.text, reading.reason) == (str(digit), "")


@pytest.mark.parametrize(("first", "second"), [(4, 2), (3, 0), (9, 6)])
def test_a_touching_row_is_read(reader: Reader, first: int, second: int) -> None:
    """Two digits that hang together are two answers, whose boxes share hardly a column."""
    reading = reader.recognise(encoded(row_of((first, 0), (second, 50))))
    assert (reading.text, reading.reason) == (f"{first}{second}", "")
    left, right = reading.answers
    assert left.box.right - right.box.left < 12


def test_a_number_with_a_comma_is_read(reader: Reader) -> None:
    """The comma is in the text, and is no answer."""
    picture = row_of((1, 0), (2, 70), (5, 200), (0, 290))
    ImageDraw.Draw(picture).line([(188, 98), (180, 124)], 0, 8)
    reading = reader.recognise(encoded(picture))
    assert reading.text == "12,50"
    assert [answer.digit for answer in reading.answers] == [1, 2, 5, 0]


def test_a_small_point_is_no_reason_to_lose_it(reader: Reader) -> None:
    """Well-formed digits do not hide a point that is small beside them."""
    picture = row_of((1, 0), (2, 90), (5, 220), (0, 310))
    ImageDraw.Draw(picture).ellipse([(204, 92), (211, 99)], 0)
    assert reader.recognise(encoded(picture)).text == "12.50"


def test_more_digits_than_allowed_are_refused(reader: Reader) -> None:
    """25 strokes are not read as a row of fewer."""
    picture = Image.new("L", (25 * 24, 90), 255)
    for left in range(10, 25 * 24, 24):
        ImageDraw.Draw(picture).line([(left, 20), (left, 70)], 0, 5)
    assert "found 25 separate shapes" in reader.recognise(encoded(picture)).reason


@pytest.mark.parametrize("level", [0, 9, 40])
def test_28x28_pixels_of_one_level_are_blank(reader: Reader, level: int) -> None:
    """A picture without ink is no digit, whatever its level and size."""
    assert reader.recognise(encoded(Image.new("L", (28, 28), level))).reason


@pytest.mark.parametrize("paper", ["white", "black"])
@pytest.mark.parametrize("radius", [20, 38])
def test_a_filled_disc_is_refused(reader: Reader, radius: int, paper: str) -> None:
    """A dot is no zero, and a large one no row of ones that its edge would be."""
    picture = Image.new("L", (100, 100), paper)
    ink = 255 - picture.getpixel((0, 0))  # type: ignore[operator]  # a picture of one channel
    ImageDraw.Draw(picture).circle((50, 50), radius, round(0.3 * 255 + 0.4 * ink))
    assert reader.recognise(encoded(picture)).reason


def test_a_letter_is_refused(reader: Reader) -> None:
    """An A is no 4. The reading keeps what the models say of it, with the score for none."""
    picture = Image.new("L", (100, 100), 255)
    draw = ImageDraw.Draw(picture)
    draw.line([(20, 88), (50, 12), (80, 88)], 0, 8, joint="curve")
    draw.line([(32, 60), (68, 60)], 0, 8)
    reading = reader.recognise(encoded(picture))
    assert reading.reason == "the writing looks like no digit"
    assert reading.answers[0].none > 0.9


@pytest.mark.parametrize("column", [3, 6])
def test_a_stripe_through_28x28_pixels_is_no_digit(reader: Reader, column: int) -> None:
    """A picture of MNIST's size with a light line from top to bottom is read."""
    small = drawn(3, ink="white", paper="black").convert("L").resize((28, 28), Image.Resampling.BOX)
    levels = np.array(small)
    levels[:, column] = 255
    reading = reader.recognise(encoded(Image.fromarray(levels)))
    assert (reading.text, reading.reason) == ("3", "")
