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


@pytest.mark.parametrize(
    ("mask", "boxes", "reason"),
    [
        (~INK, [], "the sheet is blank"),
        (INK, [], "small specks"),
        (INK, [Box(0, 0, 3, 3)], "small specks"),
        (INK, [Box(0, 0, 10, 20)] * 21, "21 separate shapes, expected at most 20"),
        (INK, [Box(0, 0, 10, 20), Box(2, 50, 12, 70)], "several rows"),
        (INK, [Box(0, 0, 90, 20)], "too wide"),
        (INK, [Box(0, 0, 10, 20), Box(20, 5, 30, 25)], ""),
    ],
)
def test_layouts(mask: np.ndarray, boxes: list[Box], reason: str) -> None:
    """A blank sheet, specks, a page of text and a word are rejected; a row of digits passes."""
    found = layout_reason(mask, boxes)
    assert reason in found
    assert bool(reason) == bool(found)


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


def test_a_faint_image_is_no_filled_shape() -> None:
    """An image without strong ink has no shape that could be filled."""
    assert not is_filled_shape(np.full((28, 28), 100, np.uint8))


def test_a_solid_shape_is_rejected() -> None:
    """The reason is that of a filled shape."""
    assert solid_reason(True) == "the writing is a filled shape"
    assert solid_reason(False) == ""
