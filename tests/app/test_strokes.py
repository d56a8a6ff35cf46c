import numpy as np
import pytest

from app.strokes import Box, grouped, in_one_row, strokes, surrounding


def _mask(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((100, 200), np.bool_)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return mask


def test_specks_are_left_out() -> None:
    """Two strokes of 50 pixels stay, a speck of 3 goes."""
    found = strokes(_mask((20, 20, 30, 70), (60, 20, 70, 70), (100, 50, 103, 53)))
    assert sorted(found.boxes.values()) == [(20, 20, 30, 70), (60, 20, 70, 70)]


def test_what_intrudes_from_the_border_is_left_out() -> None:
    """What lies along the border goes, and what ends there if there is a digit inside."""
    edge, cropped, digit = (0, 0, 12, 100), (100, 0, 110, 70), (60, 20, 90, 80)
    assert list(strokes(_mask(edge, cropped, digit)).boxes.values()) == [digit]
    assert list(strokes(_mask(edge, cropped)).boxes.values()) == [cropped]


@pytest.mark.parametrize(
    ("boxes", "groups"),
    [
        # two digits beside each other, given right to left
        ([(60, 10, 80, 60), (10, 10, 30, 60)], [[2], [1]]),
        # a five's bar, over its body
        ([(10, 30, 40, 80), (15, 20, 50, 26)], [[1, 2]]),
        # a four's upright, beside but partly over its angle
        ([(10, 10, 40, 45), (28, 20, 34, 80)], [[1, 2]]),
        # a small piece near the second digit, and one far from any
        ([(10, 10, 30, 60), (60, 10, 80, 60), (84, 40, 90, 50), (150, 90, 158, 98)], [[1], [2, 3]]),
        ([], []),
    ],
)
def test_groups_by_hand(boxes: list[tuple[int, int, int, int]], groups: list[list[int]]) -> None:
    """Strokes come together that are one digit, left to right."""
    assert grouped({number: Box(*box) for number, box in enumerate(boxes, start=1)}) == groups


def test_surrounding_box() -> None:
    """The box around two boxes."""
    boxes = {1: Box(10, 30, 40, 80), 2: Box(15, 20, 50, 26)}
    assert surrounding(boxes, [1, 2]) == (10, 20, 50, 80)


def test_rows_by_hand() -> None:
    """A row may slope; boxes below each other are no row."""
    assert in_one_row([Box(0, 0, 10, 50), Box(20, 20, 30, 70), Box(40, 40, 50, 90)])
    assert not in_one_row([Box(0, 0, 10, 20), Box(5, 40, 15, 60)])
    assert in_one_row([Box(0, 0, 10, 50)])
