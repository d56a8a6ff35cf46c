import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.cuts import cut_digits
from pictures.arrays import Mask
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
