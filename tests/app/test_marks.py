import numpy as np
import pytest

from app.marks import find_marks, mark_of, with_marks
from pictures.arrays import Mask
from pictures.box import Box

# Two digits, 50 pixels high, with room for a mark between them and on both sides.
ONE, OTHER = Box(30, 30, 60, 80), Box(90, 30, 120, 80)


def sheet(*boxes: tuple[int, int, int, int], factor: int = 1) -> Mask:
    """Return a mask of filled boxes on a sheet of 120x160 pixels, enlarged."""
    mask = np.zeros((120 * factor, 160 * factor), np.bool_)
    for left, top, right, bottom in np.array(boxes) * factor:
        mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize(
    ("box", "character"),
    [
        ((70, 72, 78, 80), "."),
        ((71, 75, 75, 79), "."),
        ((70, 70, 78, 90), ","),
        ((68, 76, 80, 95), ","),
        ((66, 53, 84, 58), "-"),
        ((64, 50, 88, 54), "-"),
        ((70, 78, 71, 79), ""),  # noise
        ((70, 30, 76, 44), ""),  # an apostrophe
        ((70, 50, 76, 60), ""),  # a speck at half the height
        ((62, 60, 88, 85), ""),  # a blot
        ((70, 50, 76, 90), ""),  # a stroke nearly as tall as a digit
        ((20, 85, 140, 88), ""),  # an underline
        ((70, 5, 82, 10), ""),  # above the row
        ((70, 112, 78, 120), ""),  # below it
        ((64, 28, 88, 33), "-"),  # its middle, 30.5, is below the row's top, 30
        ((64, 28, 88, 32), ""),
        ((64, 104, 88, 109), "-"),  # 0.55 of the height, 27.5, below the row's bottom, 80
        ((64, 105, 88, 110), ""),
    ],
)
@pytest.mark.parametrize("factor", [1, 3])
def test_marks_by_hand(box: tuple[int, int, int, int], character: str, factor: int) -> None:
    """Points and commas stand low, a dash is wide, and other ink is no mark."""
    marks = find_marks(sheet(box, factor=factor), [ONE, OTHER], factor)
    assert [tuple(mark) for mark in marks] == ([(character, box)] if character else [])


def test_marks_are_as_large_as_the_digits_say() -> None:
    """A spot of 8 pixels is a point beside digits of 50 pixels, and a comma beside 25."""
    box = Box(70, 70, 78, 80)
    assert mark_of(box, 50, 80) == "."
    assert mark_of(box, 25, 78) == ","
    assert mark_of(box, 200, 80) == ""
    assert mark_of(Box(70, 60, 76, 82), 40, 80) == ","  # 0.55 high


@pytest.mark.parametrize(
    ("width", "height", "middle", "character"),
    [
        (3, 3, 80, "."),  # 0.06 of 50
        (2, 2, 80, ""),
        (9, 5, 40, "-"),  # 1.8 to 1
        (8, 5, 40, ""),
        (99, 5, 40, "-"),  # shorter than two digits are high
        (100, 5, 40, ""),
        (8, 8, 61, "."),  # in the lowest 0.4 of the row, or below it
        (8, 8, 60, ""),
        (20, 12, 80, ","),  # 0.4 wide
        (21, 12, 80, ""),
        (11, 11, 80, "."),  # 0.22
        (11, 12, 80, ","),
        (9, 27, 80, ","),  # 0.55 high
        (9, 28, 80, ""),
    ],
)
def test_marks_have_their_sizes(width: int, height: int, middle: int, character: str) -> None:
    """Of digits 50 pixels high that stand on row 80: each size is as far as its mark goes."""
    top = middle - height / 2
    box = Box(0, int(np.floor(top)), width, int(np.floor(top)) + height)
    assert mark_of(box, 50, 80) == character


def test_marks_stand_where_they_are_in_the_text() -> None:
    """Digits and marks come left to right; a digit that was named anew has its new name."""
    comma = (124, 72, 131, 90)
    digits = [Box(30, 30, 60, 80), Box(90, 30, 120, 80), Box(134, 30, 150, 80)]
    marks = find_marks(sheet(comma, (64, 53, 84, 58)), digits, 1)
    assert with_marks(list(zip([1, 2, 5], digits, strict=True)), marks) == "1-2,5"
    assert with_marks([(7, ONE)], []) == "7"
