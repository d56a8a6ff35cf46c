import numpy as np
import pytest

from pictures.box import Box
from pictures.layout import (
    are_in_one_row,
    is_filled_shape,
    layout_reason,
    shape_reason,
    solid_reason,
)

INK = np.ones((100, 100), np.bool_)
SPECKS = "the sheet is blank except for small specks"
SEVERAL_ROWS = "the writing is in several rows, expected a single row"


@pytest.mark.parametrize(
    ("mask", "boxes", "reason"),
    [
        (~INK, [], "the sheet is blank"),
        (INK, [], SPECKS),
        (INK[:20, :20], [], SPECKS),
        (INK, [Box(0, 0, 3, 3)], SPECKS),
        (INK, [Box(0, 0, 2, 4)], ""),
        (INK, [Box(0, 0, 10, 20)] * 21, "found 21 separate shapes, expected at most 20 digits"),
        (INK, [Box(0, 0, 10, 20)] * 20, ""),
        (INK, [Box(0, 0, 10, 20), Box(2, 50, 12, 70)], SEVERAL_ROWS),
        (INK, [Box(0, 0, 10, 20), Box(20, 20, 30, 40)], SEVERAL_ROWS),
        (INK, [Box(0, 0, 10, 20), Box(20, 19, 30, 39)], ""),
        (INK, [Box(0, 0, 41, 20)], "the writing is too wide for a digit"),
        (INK, [Box(0, 0, 40, 20)], ""),
    ],
)
def test_layouts(mask: np.ndarray, boxes: list[Box], reason: str) -> None:
    """A blank sheet, specks, a page of text and a word are rejected; a row of digits passes."""
    assert layout_reason(mask, boxes) == reason


def test_rows_by_hand() -> None:
    """A row may slope; boxes below each other are not a row."""
    assert are_in_one_row([Box(0, 0, 10, 50), Box(20, 20, 30, 70), Box(40, 40, 50, 90)])
    assert not are_in_one_row([Box(0, 0, 10, 20), Box(5, 40, 15, 60)])
    assert are_in_one_row([Box(0, 0, 10, 50)])


def test_filled_shapes_by_hand() -> None:
    """A filled square is rejected; a frame and a narrow bar, which is a one, pass."""
    square, frame, bar = np.zeros((3, 28, 28), np.uint8)
    square[4:24, 4:24] = frame[4:24, 4:24] = bar[4:24, 12:16] = 255
    frame[7:21, 7:21] = 0
    assert [is_filled_shape(image) for image in (square, frame, bar)] == [True, False, False]
    assert shape_reason([frame, square]) == "the writing is a filled shape"
    assert shape_reason([frame, bar]) == ""


@pytest.mark.parametrize(
    ("height", "width", "free", "level", "expected"),
    [
        (20, 11, 0, 255, True),
        (20, 10, 0, 255, False),  # not wider than half of its height
        (10, 10, 19, 255, True),
        (10, 10, 20, 255, False),  # four fifths of its box
        (20, 20, 0, 128, True),
        (20, 20, 0, 127, False),  # without strong ink there is no shape
    ],
)
def test_filled_shapes_at_the_limits(
    height: int, width: int, free: int, level: int, expected: bool
) -> None:
    """A filled shape is wider than a one, and has strong ink in most of the box around it."""
    image = np.zeros((28, 28), np.uint8)
    image[4 : 4 + height, 4 : 4 + width] = level
    np.put(image, [28 * (5 + index // 5) + 5 + index % 5 for index in range(free)], 0)
    assert is_filled_shape(image) is expected


def test_a_solid_shape_is_rejected() -> None:
    """The reason is that of a filled shape."""
    assert solid_reason(True) == "the writing is a filled shape"
    assert solid_reason(False) == ""
