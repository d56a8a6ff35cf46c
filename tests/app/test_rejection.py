import numpy as np
import pytest

from app.box import Box
from app.rejection import (
    MAX_NONE,
    MAX_NONE_IN_MNIST_FORM,
    MIN_CONFIDENCE,
    MIN_ROW_CONFIDENCE,
    are_in_one_row,
    confidence_reason,
    is_filled_shape,
    layout_reason,
    none_reason,
    row_reason,
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


def test_the_least_confident_digit_decides() -> None:
    """A row is rejected if one digit's probability is below the minimum."""

    def row(confidence: float) -> list[float]:
        return [(1 - confidence) / 9, confidence, *[(1 - confidence) / 9] * 8]

    sure, enough, unsure = (np.array(row(value), np.float32) for value in (1, MIN_CONFIDENCE, 0.3))
    assert confidence_reason(np.stack([sure, enough])) == ""
    reason = confidence_reason(np.stack([sure, unsure, enough]))
    assert reason == "most likely a 1, but with only 30 % confidence"


def test_a_faint_image_is_no_filled_shape() -> None:
    """An image without strong ink has no shape that could be filled."""
    assert not is_filled_shape(np.full((28, 28), 100, np.uint8))


def test_a_solid_shape_is_rejected() -> None:
    """The reason is that of a filled shape."""
    assert solid_reason(True) == "the writing is a filled shape"
    assert solid_reason(False) == ""


def test_what_looks_like_no_digit_is_rejected() -> None:
    """One such shape among digits is enough; in MNIST's form it must be surer."""
    limit, other = np.float32(MAX_NONE), np.float32(MAX_NONE_IN_MNIST_FORM)
    between = np.array([0, (limit + other) / 2], np.float32)
    assert none_reason(np.array([0, limit - 0.01]), is_mnist_form=False) == ""
    assert none_reason(between, is_mnist_form=False) == "the writing looks like no digit"
    assert none_reason(between, is_mnist_form=True) == ""
    assert none_reason(np.array([1, 0]), is_mnist_form=True)


def test_rows_are_rejected_by_all_their_digits() -> None:
    """A piece of a row may look like nothing, as it was cut out; most of them may not."""
    digits = np.array([0.1, 0.99, 0.1, 0.1], np.float32)
    assert row_reason(MIN_ROW_CONFIDENCE + 0.01, digits, [Box(0, 0, 90, 30)]) == ""
    unsure = "several digits, but with only 12 % confidence"
    assert row_reason(0.12, digits, [Box(0, 0, 90, 30)]) == unsure
    assert (
        row_reason(0.5, np.full(4, 0.999), [Box(0, 0, 90, 30)])
        == "the writing looks like no row of digits"
    )
