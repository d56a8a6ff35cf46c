import numpy as np
import pytest

from app.coverage import is_complete, is_long, lacks_much
from pictures.arrays import Mask
from pictures.box import Box
from pictures.segment import Digit, Steps

Place = tuple[int, int, int, int]


def mask_of(*places: Place, shape: tuple[int, int] = (120, 200)) -> Mask:
    """Return a mask of filled boxes: left, top, right, bottom."""
    mask = np.zeros(shape, np.bool_)
    for left, top, right, bottom in places:
        mask[top:bottom, left:right] = True
    return mask


def steps_of(components: Mask, writing: Mask, *digits: Place) -> Steps:
    """Return steps that found digits in a part of the writing."""
    image = np.zeros((28, 28), np.uint8)
    found = [Digit(Box(*place), image) for place in digits]
    grey = np.zeros(writing.shape, np.float32)
    boxes = [digit.box for digit in found]
    return Steps(grey, grey, writing, writing, components, boxes, 1, False, found)


@pytest.mark.parametrize(("width", "expected"), [(160, False), (161, True), (20, False)])
def test_a_long_picture_is_more_than_1_6_times_as_wide_as_high(width: int, expected: bool) -> None:
    """It may be a row of digits."""
    assert is_long((100, width)) == expected


@pytest.mark.parametrize(
    ("width", "found", "expected"),
    [(121, 49, True), (121, 50, False), (120, 49, False), (50, 49, False)],
)
def test_a_wide_picture_lacks_much_of_its_ink(width: int, found: int, expected: bool) -> None:
    """It is more than 1.2 times as wide as high, and less than half of its ink was found."""
    writing = mask_of((0, 0, 10, 10), shape=(100, width))
    components = writing.copy()
    components.flat[np.flatnonzero(writing)[found:]] = False
    assert lacks_much(steps_of(components, writing)) == expected


ONE, OTHER = (20, 10, 30, 107), (60, 10, 70, 107)  # 970 pixels each


@pytest.mark.parametrize(
    ("digits", "rest", "expected"),
    [
        ([ONE], [], True),
        ([ONE, OTHER], [], True),
        ([ONE], [(100, 20, 105, 26)], True),  # 30 pixels of 1,000 are not in a digit
        ([ONE], [(100, 20, 105, 26), (110, 20, 111, 21)], False),
        ([ONE], [(100, 100, 105, 105)], True),  # too small for a point
        ([ONE, OTHER], [(100, 100, 107, 107)], False),  # a point
    ],
)
def test_digits_are_complete_if_hardly_any_ink_is_left(
    digits: list[Place], rest: list[Place], expected: bool
) -> None:
    """At most 3 % of the writing is beside the digits, and none of it is a mark."""
    components = mask_of(*digits)
    assert is_complete(steps_of(components, components | mask_of(*rest), *digits)) == expected


def test_digits_in_pieces_or_in_one_piece_are_not_complete() -> None:
    """Each digit is a component of its own."""
    components = mask_of(ONE, OTHER)
    both = (20, 10, 70, 107)
    assert not is_complete(steps_of(components, components, both))
    assert not is_complete(steps_of(components, components, ONE, OTHER, (160, 0, 170, 97)))
    assert not is_complete(steps_of(components, components, ONE, OTHER, both))
