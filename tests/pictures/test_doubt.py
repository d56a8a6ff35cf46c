"""The limits within which dark and light may be confused, from both sides."""

import numpy as np
import pytest

from pictures.arrays import Levels, Mask
from pictures.background import coverage, is_dark_on_light, is_doubtful, is_solid, may_have_holes


def blank() -> tuple[Levels, Mask]:
    """Return white paper of 100x100 pixels without ink."""
    return np.ones((100, 100), np.float32), np.zeros((100, 100), np.bool_)


def test_coverage_counts_a_pixel_on_each_side_that_it_is_on() -> None:
    """Of 16 pixels on four sides, a corner is two."""
    for row in range(3):
        for column in range(5):
            mask = np.zeros((3, 5), np.bool_)
            mask[row, column] = True
            sides = (row in (0, 2)) + (column in (0, 4))
            assert coverage(mask) == (sides / 16, 1 / 15)


@pytest.mark.parametrize("shape", [(64, 64), (8, 64), (64, 8), (4, 64), (64, 4)])
def test_ink_as_dark_as_light_is_dark(shape: tuple[int, int]) -> None:
    """With as many dark as light specks, each as far from the paper, dark is the likelier ink."""
    grey = np.full(shape, 100 / 255, np.float32)
    count = max(grey.size // 100, 3)
    specks = grey[1:-1, 1:-1].reshape(-1)
    specks[1 : 3 * count : 3], specks[-2 : -3 * count - 2 : -3] = 50 / 255, 150 / 255
    grey[1:-1, 1:-1] = specks.reshape(shape[0] - 2, -1)
    assert is_dark_on_light(grey)
    assert is_dark_on_light(200 / 255 - grey)


@pytest.mark.parametrize(("shape", "edge"), [((64, 64), 3), ((8, 64), 1), ((64, 8), 1)])
def test_specks_along_a_fifth_of_the_border_are_ink(shape: tuple[int, int], edge: int) -> None:
    """If more of the border is dark, that is the background's level, and the rest is lighter.

    Beside dark ink there is some that is light, but less far from the paper.
    """
    is_edge = np.ones(shape, np.bool_)
    is_edge[edge:-edge, edge:-edge] = False
    is_apart = np.indices(shape).sum(axis=0) % 4 == 0
    border, inside = np.flatnonzero(is_edge & is_apart), np.flatnonzero(~is_edge)
    inside = inside[: 10 * (inside.size // 50)]
    for more, is_dark in ((0, True), (2, False)):
        grey = np.full(shape, 100 / 255, np.float32)
        np.put(grey, border[: int(0.2 * (is_edge.sum() - 1)) + more], 50 / 255)
        np.put(grey, inside[::10], 50 / 255)
        np.put(grey, inside[5::10], 140 / 255)
        assert is_dark_on_light(grey) == is_dark
        assert is_dark_on_light(200 / 255 - grey) != is_dark


@pytest.mark.parametrize("turns", range(4))
def test_clean_ink_is_doubtful_without_any_or_on_an_uneven_border(turns: int) -> None:
    """A sheet of one level is even; one that differs along a tenth of its border is not."""
    grey, mask = blank()
    assert is_doubtful(grey, mask)
    mask[40:60, 40:60] = True
    assert not is_doubtful(grey, mask)
    for ink, paper in ((0, 1), (1, 0.5)):
        away = 1 if ink else -1
        step = 0.3 * abs(ink - paper)
        for other, count, expected in ((0.9, 90, False), (1.1, 90, True), (1.1, 39, False)):
            grey[:], grey[mask] = paper, ink
            grey[0, 1 : 1 + count] = paper + away * step * other
            assert is_doubtful(np.rot90(grey, turns), mask) == expected
        grey[0, 40:42] = grey[0, 1]  # 41 of the 400 pixels
        assert is_doubtful(np.rot90(grey, turns), mask)


def test_a_frame_along_the_border_is_not_doubtful() -> None:
    """Without its frame, the ink of a sheet leaves the border free."""
    grey, mask = blank()
    mask[[0, -1]] = mask[:, [0, -1]] = mask[40:60, 40:60] = True
    grey[mask] = 0
    assert not is_doubtful(grey, mask)


def test_the_range_leaves_out_a_hundredth_of_a_picture() -> None:
    """The levels at the border differ by 0.2, which is much where the ink is a few specks."""
    for level, sign in ((0.9, 1), (0.1, -1)):
        for count, expected in ((99, True), (102, False)):
            grey, mask = blank()
            grey[:] = level
            grey[0] = level - 0.2 * sign  # a quarter of the border
            mask[10:80, 50] = True
            np.put(grey, np.arange(5000, 5000 + 10 * count, 10) + 5, level - 0.8 * sign)
            assert is_doubtful(grey, mask) == expected


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (slice(0, 8), slice(20, 28), False),  # 2 in 100 along the border
        (slice(0, 8), slice(20, 29), True),
        (slice(20, 90), slice(20, 70), False),  # 35 in 100 of the picture
        (slice(20, 90), slice(20, 71), True),
    ],
)
def test_ink_that_covers_much_is_doubtful(rows: slice, columns: slice, expected: bool) -> None:
    """Writing leaves the border free and covers a third of its sheet at most."""
    grey, mask = blank()
    mask[rows, columns] = True
    assert is_doubtful(grey, mask) == expected


@pytest.mark.parametrize("turns", range(4))
def test_a_hole_does_not_touch_the_border(turns: int) -> None:
    """A dark spot beside the ink is a hole if it is a pixel away from the border."""
    for left, expected in ((0, False), (1, True)):
        grey, mask = blank()
        grey[30:70, 48:52], mask[30:70, 48:52] = 0.1, True
        grey[40:60, left : left + 20] = 0.1
        assert may_have_holes(np.rot90(grey, turns), np.rot90(mask, turns)) == expected


def test_the_least_hole_is_a_tenth_of_the_ink() -> None:
    """A spot of 40 pixels counts beside 400 of ink, one of 39 does not; nor do two that touch."""
    grey, mask = blank()
    grey[30:70, 48:58], mask[30:70, 48:58] = 0.1, True
    grey[20:25, 10:18] = 0.1
    assert may_have_holes(grey, mask)
    grey[20, 10] = 1
    assert not may_have_holes(grey, mask)
    grey[19, 9] = grey[25, 18] = 0.1  # at a corner of the spot
    assert not may_have_holes(grey, mask)
    grey[20:25, 10:18] = 0.54  # beside ink of 0.1 on paper of 1, dark is below 0.55
    assert may_have_holes(grey, mask)
    grey[20:25, 10:18] = 0.56
    assert not may_have_holes(grey, mask)


@pytest.mark.parametrize(("dark", "expected"), [(20, True), (19, False)])
def test_half_of_a_hole_is_dark(dark: int, expected: bool) -> None:
    """A hole of 40 pixels in 400 of ink is looked at if 20 are darker than halfway to the paper."""
    grey, mask = blank()
    grey[10:30, 10:32], mask[10:30, 10:32] = 0.1, True
    hole = np.zeros_like(mask)
    hole[15:19, 15:25] = True
    grey[hole], mask[hole] = 0.9, False
    np.put(grey, np.flatnonzero(hole)[:dark], 0.1)
    assert mask.sum() == 400
    assert may_have_holes(grey, mask) is expected


def test_a_quarter_of_the_ink_may_be_light() -> None:
    """With 75 pixels of 0.1 and 25 of 0.3, it is dark up to 0.15: halfway to white is 0.575."""
    grey, mask = blank()
    grey[20:30, 20:31], mask[20:30, 20:31] = 0.1, True
    grey[20, 20:31] = grey[29, 20:31] = 0.3
    grey[25, 29:31], grey[21:23, 30], grey[25, 25] = 0.1, 0.1, 0.1
    hole = np.zeros_like(mask)
    hole[22:27, 24:26] = True
    mask[hole] = False
    for level, expected in ((0.57, True), (0.58, False)):
        grey[hole] = level
        light = np.flatnonzero(mask & (grey > 0.2))
        grey.ravel()[light] = 0.1
        np.put(grey, np.flatnonzero(mask)[:25], 0.3)
        assert mask.sum() == 100
        assert may_have_holes(grey, mask) is expected


def test_a_dark_pixel_at_the_border_is_no_hole() -> None:
    """Beside ten pixels of ink a single one would be large enough."""
    grey, mask = blank()
    grey[40:50, 40], mask[40:50, 40] = 0.1, True
    grey[0, 20] = 0.1
    assert not may_have_holes(grey, mask)
    grey[1, 20], grey[0, 20] = 0.1, 1
    assert may_have_holes(grey, mask)


@pytest.mark.parametrize("turns", range(4))
def test_a_shape_that_covers_half_of_a_side_is_a_table(turns: int) -> None:
    """A shape along less of a side counts, whatever it covers beside the border."""
    for top, expected in ((25, False), (26, True)):
        grey, mask = np.ones((100, 140), np.float32), np.zeros((100, 140), np.bool_)
        grey[top:75, :30] = 0.98
        grey[25, 1:30] = grey[25:30, 30:40] = 1
        mask[50:55, :5] = True
        assert is_solid(np.rot90(grey, turns), np.rot90(mask, turns)) == expected
    grey[76:, 30:60] = grey[75, 30] = 0.98  # hangs together with it, at a corner
    grey[25:75, 0] = 0.98
    assert not is_solid(np.rot90(grey, turns), np.rot90(mask, turns))


def test_a_solid_shape_lacks_half_of_its_ink() -> None:
    """Soft edges may be missing: up to half as many pixels as the mask has."""
    grey, mask = blank()
    grey[20:50, 20:50], mask[20:40, 20:50] = 0.25, True
    assert not is_solid(grey, mask)
    mask[20, 20] = False
    assert is_solid(grey, mask)
    for level, expected in ((0.62, True), (0.625, False)):  # halfway between 0.25 and 1
        grey[40:50, 20:50] = level
        assert is_solid(grey, mask) == expected


def test_what_is_solid_has_ink_of_its_own() -> None:
    """One pixel of it is enough; a shape without any is not what the mask shows."""
    grey, mask = blank()
    grey[40:42, 40:42], mask[40, 40] = 0.2, True
    assert is_solid(grey, mask)
    grey[:, :5] = mask[40, 40] = 0.2
    grey, mask = blank()
    grey[20:80, 0], grey[40:60, 40:60], mask[30:40, 0] = 0.98, 0.98, True
    assert not is_solid(grey, mask)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("level", [0.5, 1])
def test_nothing_is_solid_where_the_border_differs(level: float, turns: int) -> None:
    """A twentieth of the border, which is 20 of 400 pixels, may be of another level."""
    grey, mask = blank()
    grey[:] = 0.9
    grey[20:80, 20:80], mask[20:30, 20:80] = 0.2, True
    for last, step, expected in ((21, 1, True), (22, 1, False), (22, None, True)):
        grey[1:last, -1] = level if step else 0.9 + np.sign(level - 0.9) * 0.028
        assert is_solid(np.rot90(grey, turns), np.rot90(mask, turns)) is expected
