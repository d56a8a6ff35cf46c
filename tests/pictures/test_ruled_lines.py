import numpy as np
import pytest

from pictures.ruled_lines import without_ruled_lines

SHAPE = (240, 240)


def _digit_seven() -> np.ndarray:
    mask = np.zeros(SHAPE, np.bool_)
    mask[60:72, 80:160] = mask[60:180, 148:160] = True
    return mask


def _squared_paper(slope: float) -> np.ndarray:
    """Draw lines both ways, two pixels wide and 40 apart, rotated by `slope`."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.asarray(((y + slope * x) % 40 < 2) | ((x - slope * y) % 40 < 2))


def test_squared_paper_is_removed() -> None:
    """Lines lighter than the pen are removed, even when rotated; the digit stays."""
    for slope in (0, 0.05):
        seven, lines = _digit_seven(), _squared_paper(slope)
        ink = (np.maximum(seven * 0.8, lines * 0.5)).astype(np.float32)
        remaining = without_ruled_lines(seven | lines, ink)
        assert (remaining & seven).sum() > 0.97 * seven.sum()
        assert (remaining & ~seven).sum() < 0.05 * lines.sum()


def test_lines_as_dark_as_the_pen_are_removed() -> None:
    """The digit stays whole where lines cross it, except at its edges."""
    seven, lines = _digit_seven(), _squared_paper(0)
    remaining = without_ruled_lines(seven | lines, np.ones(SHAPE, np.float32))
    assert (remaining & seven).sum() > 0.9 * seven.sum()
    assert (remaining & ~seven).sum() < 0.15 * lines.sum()


def test_very_narrow_pictures() -> None:
    """A band that misses every pixel of a narrow picture does not stop the removal."""
    random = np.random.default_rng(0)
    for width in range(1, 6):
        for _ in range(200):
            mask = random.random((85, width)) < 0.5
            remaining = without_ruled_lines(mask, np.ones(mask.shape, np.float32))
            assert not (remaining & ~mask).any()


def test_a_one_from_border_to_border_stays() -> None:
    """A single thin line is a digit one, not a ruled line."""
    one = np.zeros(SHAPE, np.bool_)
    one[:, 118:122] = True
    np.testing.assert_array_equal(without_ruled_lines(one, one.astype(np.float32)), one)


def test_a_clear_border_means_no_lines() -> None:
    """A mask that does not touch the border stays as it is."""
    seven = _digit_seven()
    assert without_ruled_lines(seven, seven.astype(np.float32)) is seven


def _ruled(thickness: int) -> np.ndarray:
    """Draw two lines across a sheet of 60x60 pixels."""
    mask = np.zeros((60, 60), np.bool_)
    mask[20 : 20 + thickness] = mask[40 : 40 + thickness] = True
    return mask


@pytest.mark.parametrize("turns", range(2))
def test_a_ruled_line_is_thin(turns: int) -> None:
    """On a sheet of 60 pixels it has up to 4: one less than a stroke across it must have."""
    block = np.zeros((60, 60), np.bool_)
    block[5:15, 10:20] = True
    thin, thick = (np.rot90(_ruled(thickness) | block, turns) for thickness in (4, 5))
    found = without_ruled_lines(thin, thin.astype(np.float32))
    np.testing.assert_array_equal(found, np.rot90(block, turns))
    assert without_ruled_lines(thick, thick.astype(np.float32)) is thick


@pytest.mark.parametrize("turns", range(4))
def test_what_is_darker_than_the_lines_stays(turns: int) -> None:
    """The lines have 0.5: a flat stroke along one stays above 0.65, and fragments above 0.375.

    That is half of the pen's 0.75. Two pixels along the border are cleared.
    """
    ink = _ruled(2) * np.float32(0.5)
    stays = np.zeros(ink.shape, np.bool_)
    ink[20:22, 10:20], ink[20:22, 40:50] = 0.75, 0.64
    stays[20:22, 10:20] = True
    ink[0:12, 24:36] = 0.75  # cut off by the border
    stays[2:12, 24:36] = True
    ink[50:58, 20:24], ink[50:58, 30:34] = 0.375, 0.38
    stays[50:58, 30:34] = True
    ink = np.rot90(ink, turns)
    np.testing.assert_array_equal(without_ruled_lines(ink > 0, ink), np.rot90(stays, turns))


def test_a_line_takes_two_rows_on_each_side_with_it() -> None:
    """Flat flecks beside a line of two rows are its ragged edge, up to two rows away."""
    lines = _ruled(2)
    lines[18, 5:8] = lines[23, 25:28] = True
    flecks = np.zeros(lines.shape, np.bool_)
    flecks[17, 15:18] = flecks[24, 35:38] = True
    mask = lines | flecks
    np.testing.assert_array_equal(without_ruled_lines(mask, mask.astype(np.float32)), flecks)
