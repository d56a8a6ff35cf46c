import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.ctc import BLANK
from app.judge import Verdict
from app.marks import Mark
from app.models import ROWS
from app.rows import Row, RowReader, calibrated, combined, is_row, slanted, with_less_blank
from pictures.arrays import Levels, Mask
from pictures.background import inks
from pictures.box import Box
from pictures.segment import Digit
from tests.app.conftest import STROKES
from tests.conftest import PROJECT

DIGITS = (4, 0, 7, 2)
IMAGE = np.zeros((28, 28), np.uint8)


@pytest.fixture(scope="module")
def read_row() -> RowReader:
    """Give the reader with the committed network."""
    return RowReader(PROJECT / ROWS)


def row_of(digits: tuple[int, ...], pitch: int, pen: int = 8) -> tuple[Levels, Mask, int]:
    """Draw digits in squares of 100 pixels, which overlap if the pitch is less."""
    return ink_in(drawing_of(digits, pitch, pen))


def drawing_of(digits: tuple[int, ...], pitch: int, pen: int = 8) -> Image.Image:
    picture = Image.new("L", (pitch * (len(digits) - 1) + 140, 140), 255)
    draw = ImageDraw.Draw(picture)
    for index, digit in enumerate(digits):
        for stroke in STROKES[digit]:
            points = [(x + pitch * index + 20, y + 20) for x, y in stroke]
            draw.line(points, 0, pen, joint="curve")
    return picture


def ink_in(picture: Image.Image) -> tuple[Levels, Mask, int]:
    return next(inks(np.asarray(picture, np.float32) / np.float32(255)))[:3]


@pytest.mark.parametrize("pitch", [90, 50])
def test_a_row_is_read(read_row: RowReader, pitch: int) -> None:
    """Digits apart, and digits of which each touches the next, are read left to right."""
    row = read_row(*row_of(DIGITS, pitch))
    assert tuple(row.probabilities.argmax(axis=1)) == DIGITS
    assert calibrated(row.confidence) > 0.5
    assert row.probabilities.dtype == np.float32
    assert row.marks == []
    middles = [(digit.box.left + digit.box.right) / 2 for digit in row.digits]
    expected = [70 + pitch * index for index in range(4)]
    np.testing.assert_allclose(middles, expected, atol=12)


def test_what_the_digits_leave_is_marks(read_row: RowReader) -> None:
    """A comma between two digits is none of them."""
    picture = drawing_of((1, 2), 120)
    ImageDraw.Draw(picture).line([(116, 98), (108, 124)], 0, 8)
    row = read_row(*ink_in(picture))
    assert [mark.character for mark in row.marks] == [","]
    assert row.with_marks([1, 2]) == "1,2"


def test_a_digit_has_its_own_ink(read_row: RowReader) -> None:
    """The image of a digit that touches others is nearly that of the digit alone."""
    row = read_row(*row_of(DIGITS, 50))
    for name, digit in zip(DIGITS, row.digits, strict=True):
        (alone,) = read_row(*row_of((name,), 50)).digits
        assert np.abs(digit.image.astype(int) - alone.image).mean() < 20


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_blank_sheet_has_no_digits(read_row: RowReader, level: float) -> None:
    """Without ink the row is empty."""
    row = read_row(np.full((60, 200), level, np.float32), np.zeros((60, 200), np.bool_), 1)
    assert (row.digits, row.confidence, row.marks) == ([], 0, [])


def test_boxes_are_those_of_the_picture(read_row: RowReader) -> None:
    """In ink that was enlarged by two a digit's box has half of the ink's pixels."""
    ink, mask, _ = row_of(DIGITS, 90)
    large, small = (read_row(ink, mask, factor).digits for factor in (1, 2))
    for one, other in zip(large, small, strict=True):
        np.testing.assert_allclose(np.array(one.box) / 2, other.box, atol=0.5)


def judged(
    by_row: tuple[float, float], by_image: tuple[float, float], none: float, is_cut: bool = False
) -> Levels:
    """Return the probabilities of 0 and 1 of a digit of which the networks say these."""
    one, other = np.zeros((2, 1, 10), np.float32)
    one[0, :2], other[0, :2] = by_row, by_image
    row = Row([Digit(Box(0, 0, 9, 9), IMAGE)], one, [is_cut], 1, [])
    found = combined(row, Verdict(other, np.array([none], np.float32)))
    assert found.sum() == pytest.approx(1)
    assert found.dtype == np.float32
    return found[0, :2]


@pytest.mark.parametrize(
    ("none", "is_cut", "expected"),
    [
        (0, False, 0.5),  # the geometric mean: the root of 0.8 * 0.2 for both digits
        (1, False, 0.8),  # the row network alone
        (0.5, False, 0.6135),  # (0.8 * 0.2 ** 0.5) ** (2 / 3) against (0.2 * 0.8 ** 0.5) ** (2 / 3)
        (0, True, 0.8**0.538 / (0.8**0.538 + 0.2**0.538)),  # weights 1 and 0.3, so (1 - 0.3) / 1.3
    ],
)
def test_combined_by_hand(none: float, is_cut: bool, expected: float) -> None:
    """What its image says counts less for a digit that was cut out, or looks like none."""
    found = judged((0.8, 0.2), (0.2, 0.8), none, is_cut)
    assert found == pytest.approx([expected, 1 - expected], abs=2e-3)


def test_no_network_rules_a_digit_out() -> None:
    """A probability of 0 leaves the other network a say."""
    assert judged((1, 0), (0.5, 0.5), 0)[1] == pytest.approx(1e-3, rel=0.01)  # the root of 1e-6
    assert judged((0.5, 0.5), (0, 1), 0)[0] == pytest.approx(1e-3, rel=0.01)


def test_each_digit_of_a_row_has_its_own_probabilities() -> None:
    """Where both networks agree, the mean of two digits is what they agree on."""
    known = np.full((2, 10), 0.02, np.float32)
    known[0, 3] = known[1, 7] = 0.82
    row = Row([Digit(Box(0, 0, 9, 9), IMAGE)] * 2, known, [False, True], 1, [])
    found = combined(row, Verdict(known, np.array([0, 0.5], np.float32)))
    np.testing.assert_allclose(found, known, rtol=1e-5)


def test_a_rows_confidence_is_no_higher_than_1() -> None:
    """A sum that was rounded up is 1; the power 0.4 makes 0.76 of a half."""
    assert calibrated(1.001) == 1
    assert calibrated(0.5) == pytest.approx(0.7579, abs=1e-4)


def test_a_slant_leaves_the_middle_of_the_height() -> None:
    """Two columns a row: 3 and 28, of the 32 rows, are 12.5 rows from the middle, 15.5."""
    levels = np.zeros((32, 100), np.float32)
    levels[[3, 28], 50] = 1
    found = np.argwhere(slanted(levels, 2) > 0.5)
    np.testing.assert_array_equal(found, [(3, 25), (28, 75)])


def test_two_boxes_or_a_wide_one_may_be_a_row() -> None:
    """A digit is higher than wide, and so is what may be read alone."""
    assert is_row([Box(0, 0, 30, 50), Box(40, 0, 70, 50)])
    assert not is_row([Box(0, 0, 33, 30)])  # 1.1 to 1
    assert is_row([Box(0, 0, 34, 30)])
    assert not is_row([])


def test_the_marks_of_a_row_are_in_its_text() -> None:
    """The text has the digits as they were named, with what stands between them."""
    digits = [Digit(Box(left, 0, left + 20, 40), IMAGE) for left in (0, 30, 60)]
    row = Row(
        digits, np.zeros((3, 10), np.float32), [False] * 3, 1, [Mark(",", Box(52, 36, 56, 46))]
    )
    assert row.with_marks([1, 2, 5]) == "12,5"


def test_the_blank_weighs_less() -> None:
    """By hand: a half of blank and a half of 7 become 0.65 to 1."""
    columns = np.zeros((2, 11))
    columns[0, 7] = columns[0, BLANK] = 0.5
    columns[1, BLANK] = 1
    found = with_less_blank(columns)
    assert found[0, 7] == pytest.approx(1 / 1.65)
    assert found[1].tolist() == columns[1].tolist()
