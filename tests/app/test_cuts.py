import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cuts import cut_digits, left_of_seam
from pictures.arrays import Levels, Mask
from pictures.connected import connected_components
from tests.pictures.anything import masks


def rings(*centres: int) -> Mask:
    """Return a mask (60, 200) of circles with a radius of 20 around columns."""
    sheet = np.zeros((60, 200), np.uint8)
    for centre in centres:
        cv2.circle(sheet, (centre, 30), 20, 1, 4)
    return sheet > 0


def masks_of(mask: Mask, columns: tuple[int, ...]) -> list[Mask]:
    return [part.mask for part in cut_digits(mask.astype(np.float32), mask, np.array(columns))]


def test_apart_digits_keep_their_own_ink() -> None:
    """A component that only one digit's column crosses is not cut."""
    mask = rings(30, 90)
    first, second = masks_of(mask, (35, 80))
    np.testing.assert_array_equal(first, rings(30))
    np.testing.assert_array_equal(second, rings(90))


def test_touching_digits_are_cut_where_they_touch() -> None:
    """Two rings side by side come apart between them, and no ink is lost or given twice."""
    mask = rings(40, 82)
    first, second = masks_of(mask, (40, 82))
    np.testing.assert_array_equal(first | second, mask)
    assert not (first & second).any()
    assert first.sum() - second.sum() < 0.05 * mask.sum()
    assert np.flatnonzero(first.any(axis=0)).max() <= 64


def test_a_component_of_three_digits_is_cut_twice() -> None:
    """Each of three rings in a chain gets about a third of the ink."""
    mask = rings(30, 72, 114)
    own = masks_of(mask, (30, 72, 114))
    np.testing.assert_array_equal(sum(part.astype(int) for part in own), mask)
    assert min(part.sum() for part in own) > 0.27 * mask.sum()


def test_a_loose_bar_goes_to_the_digit_below_it() -> None:
    """A bar that no digit's column crosses belongs to the digit that shares its columns."""
    mask = rings(40, 130)
    mask[2:6, 45:58] = True
    first, second = masks_of(mask, (30, 130))
    assert first[3, 50]
    np.testing.assert_array_equal(second, rings(130))


def test_a_scrap_beside_the_digits_is_nobodys() -> None:
    """A piece that shares few of a digit's columns, or is a line, is left."""
    mask = rings(40, 130)
    mask[2:6, 60:75] = mask[56:58, 34:46] = True
    first, second = masks_of(mask, (40, 130))
    np.testing.assert_array_equal(first, rings(40))
    np.testing.assert_array_equal(second, rings(130))


def test_a_digit_beside_its_column_is_not_the_line_below() -> None:
    """The column of a digit crosses an underline, and its ink begins a few pixels further."""
    mask = rings(40, 130)
    mask[56:58, 5:195] = True
    _, second = masks_of(mask, (40, 100))
    np.testing.assert_array_equal(second, rings(130))


def test_only_digits_that_share_a_component_are_cut() -> None:
    """Of three digits the two that touch are cut."""
    mask = rings(30, 72, 150)
    parts = cut_digits(mask.astype(np.float32), mask, np.array([30, 72, 150]))
    assert [part.is_cut for part in parts] == [True, True, False]


def boxes(*places: tuple[int, int, int, int]) -> Mask:
    """Return a mask (100, 300) of filled boxes: left, top, right, bottom."""
    mask = np.zeros((100, 300), np.bool_)
    for left, top, right, bottom in places:
        mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize(
    ("place", "is_near"), [(43, False), (44, True), (50, True), (56, True), (57, False)]
)
def test_a_digit_is_what_has_most_ink_near_its_column(place: int, is_near: bool) -> None:
    """Within 0.12 of 50 pixels, which is 6, a tall stroke has more ink than a spot right there."""
    stroke, spot = boxes((place, 0, place + 1, 50)), boxes((50, 70, 51, 80))
    (own,) = masks_of(stroke | spot, (50,))
    assert own[0:50, place].all() == is_near
    assert is_near or own[75, 50]


def test_a_digit_may_be_half_its_height_beside_its_column() -> None:
    """A small one 20 pixels away is nearer than a large one, of 50 pixels, further away."""
    small, large = boxes((70, 20, 74, 30)), boxes((150, 10, 180, 60))
    (own,) = masks_of(small | large, (50,))
    np.testing.assert_array_equal(own, small)
    (own,) = masks_of(large, (50,))
    np.testing.assert_array_equal(own, large)


def test_a_digit_at_the_border_is_its_own() -> None:
    """A one in the first column of pixels, and one in the last."""
    first, last = boxes((0, 10, 1, 60)), boxes((299, 10, 300, 60))
    for own, mask in zip(masks_of(first | last, (0, 299)), (first, last), strict=True):
        np.testing.assert_array_equal(own, mask)


@pytest.mark.parametrize(
    ("width", "height", "is_line"),
    [(50, 10, False), (51, 10, True), (80, 14, True), (80, 15, False), (5, 5, False)],
)
def test_a_line_is_no_digit(width: int, height: int, is_line: bool) -> None:
    """It is more than five times as wide as high, and lower than 0.15 of the 100 pixels."""
    mask = boxes((100, 50, 100 + width, 50 + height))
    (own,) = masks_of(mask, (110,))
    assert own.any() != is_line


@pytest.mark.parametrize(
    ("piece", "is_own"),
    [
        ((115, 5, 125, 9), True),
        ((116, 5, 126, 9), False),
        ((95, 5, 105, 9), True),
        ((94, 5, 104, 9), False),
        ((115, 70, 125, 74), True),  # below it
        ((100, 5, 120, 9), True),
        ((100, 5, 121, 9), False),  # a line
    ],
)
def test_a_loose_piece_is_half_above_or_below_its_digit(
    piece: tuple[int, int, int, int], is_own: bool
) -> None:
    """The digit has the columns 100 to 119; a line is more than five times as wide as high."""
    mask, digit = boxes(piece), boxes((100, 20, 120, 60))
    (own,) = masks_of(mask | digit, (110,))
    np.testing.assert_array_equal(own, mask | digit if is_own else digit)


def seam_of(ink: Levels, component: Mask, left: float, right: float) -> list[int]:
    """Return the first column that is not left of the cut, for each row."""
    is_left = left_of_seam(ink, component, left, right)
    columns = is_left.sum(axis=1)
    np.testing.assert_array_equal(is_left, np.arange(is_left.shape[1]) < columns[:, np.newaxis])
    return [int(column) for column in columns]


@pytest.mark.parametrize(
    ("gap", "columns", "cut"),
    [
        # Ink of 0.5 costs 1.5 a row; away from the middle it is 1.5 d^2, 1.5 at a digit's column.
        (10, (5, 16), 10),
        (15, (5, 16), 15),
        (5, (5, 16), 5),
        (16, (5, 16), 10),
        (4, (5, 16), 10),
        (12, (10, 12), 10),  # at least one column counts as the distance to the middle
        (19, (25, 25), 19),  # columns outside of the picture
        (0, (-5, -5), 0),
    ],
)
def test_a_cut_goes_through_a_gap_between_its_columns(
    gap: int, columns: tuple[int, int], cut: int
) -> None:
    """A gap beyond the column of a digit is not worth the way: the ink is cut in the middle."""
    component = np.ones((6, 20), np.bool_)
    component[:, gap] = False
    assert seam_of(np.full((6, 20), 0.5, np.float32), component, *columns) == [cut] * 6


def test_a_cut_through_nothing_is_straight() -> None:
    """Where columns are far apart a step costs more than to be a bit off the middle, 150."""
    nothing = np.zeros((6, 301))
    assert seam_of(nothing, nothing > 0, 50.5, 250.5) == [150] * 6


@pytest.mark.parametrize("step", [-1, 1])
def test_a_cut_follows_a_slanted_gap(step: int) -> None:
    """From row to row it goes one column to either side."""
    gap = [150 + step * (row - 10) for row in range(20)]
    component = np.ones((20, 301), np.bool_)
    component[np.arange(20), gap] = False
    assert seam_of(np.zeros((20, 301)), component, 50.5, 250.5) == gap


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize(("height", "cut"), [(4, 12), (7, 10)])
def test_the_ink_of_each_row_counts_once(row: int, height: int, cut: int) -> None:
    """Ink in one row of the middle gap costs 1; the gap two columns off, 1.5 (2 / 5.5)^2 a row.

    That is 0.79 in 4 rows and 1.39 in 7.
    """
    component = np.ones((height, 20), np.bool_)
    component[:, [10, 12]] = False
    component[row, 10] = True
    assert seam_of(np.zeros((height, 20)), component, 5, 16) == [cut] * height


@given(mask=masks(60), shares=st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_no_ink_is_given_twice_and_no_component_in_part(mask: Mask, shares: list[float]) -> None:
    """Whatever is on the sheet, digits share no pixel, and leave nothing of what they share."""
    columns = tuple(mask.shape[1] * share for share in sorted(shares))
    own = np.sum(masks_of(mask, columns), axis=0)
    assert own.max() <= 1
    assert not own[~mask].any()
    labels, _ = connected_components(mask)
    given_away = np.isin(labels, labels[own > 0])
    np.testing.assert_array_equal(own > 0, given_away & mask)
