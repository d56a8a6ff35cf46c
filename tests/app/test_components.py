import numpy as np
import pytest

from app.components import Box, bounding_box, find_components, group_components


def _mask(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((100, 200), np.bool_)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return mask


def test_noise_is_removed() -> None:
    """Two components of 50 pixels stay, a speck of 3 pixels is removed."""
    found = find_components(_mask((20, 20, 30, 70), (60, 20, 70, 70), (100, 50, 103, 53)))
    assert sorted(found.boxes.values()) == [(20, 20, 30, 70), (60, 20, 70, 70)]


def test_objects_at_the_border_are_removed() -> None:
    """An object along the border is removed; a cropped one is too if a digit is inside."""
    edge, cropped, digit = (0, 0, 12, 100), (100, 0, 110, 70), (60, 20, 90, 80)
    assert list(find_components(_mask(edge, cropped, digit)).boxes.values()) == [digit]
    assert list(find_components(_mask(edge, cropped)).boxes.values()) == [cropped]


@pytest.mark.parametrize(
    ("boxes", "groups"),
    [
        # two digits side by side, given right to left
        ([(60, 10, 80, 60), (10, 10, 30, 60)], [[2], [1]]),
        # the bar of a five, above its body
        ([(10, 30, 40, 80), (15, 20, 50, 26)], [[1, 2]]),
        # the vertical stroke of a four, beside its angle and partly above it
        ([(10, 10, 40, 45), (28, 20, 34, 80)], [[1, 2]]),
        # a small piece near the second digit, and one far from both
        ([(10, 10, 30, 60), (60, 10, 80, 60), (84, 40, 90, 50), (150, 90, 158, 98)], [[1], [2, 3]]),
        ([], []),
    ],
)
def test_groups_by_hand(boxes: list[tuple[int, int, int, int]], groups: list[list[int]]) -> None:
    """The components of one digit form a group; the groups come left to right."""
    assert group_components({label: Box(*box) for label, box in enumerate(boxes, 1)}) == groups


def test_bounding_box() -> None:
    """The bounding box of two components contains both."""
    boxes = {1: Box(10, 30, 40, 80), 2: Box(15, 20, 50, 26)}
    assert bounding_box(boxes, [1, 2]) == (10, 20, 50, 80)
