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
        for _ in range(40):
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
    block[5:15, 10:20] = block[5:30, 40] = True
    thin, thick = (np.rot90(_ruled(thickness) | block, turns) for thickness in (4, 5))
    found = without_ruled_lines(thin, thin.astype(np.float32))
    np.testing.assert_array_equal(found, np.rot90(block, turns))
    assert without_ruled_lines(thick, thick.astype(np.float32)) is thick


@pytest.mark.parametrize("turns", range(4))
def test_what_is_darker_than_the_lines_stays(turns: int) -> None:
    """The lines have 0.5: a flat stroke along one stays from 0.65, and fragments above 0.375.

    That is half of the pen's 0.75, of which 22 of 228 pixels are darker: not quite a tenth. Two
    pixels along the border are cleared.
    """
    ink = _ruled(2) * np.float32(0.5)
    stays = np.zeros(ink.shape, np.bool_)
    ink[20:22, 10:20], ink[20:22, 40:50] = 0.65, 0.64
    stays[20:22, 10:20] = True
    ink[0:12, 24:36] = 0.75  # cut off by the border
    ink[4:6, 24:35] = 1
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


@pytest.mark.parametrize("turns", range(4))
def test_a_stroke_that_stands_on_a_line_stays_whole(turns: int) -> None:
    """A block that begins on the first row of a ruled line is written, also if it hangs from it."""
    block, lines = np.zeros((120, 120), np.bool_), np.zeros((120, 120), np.bool_)
    block[40:70, 50:70] = True
    lines[[40, 41, 80, 81]] = True
    mask = np.rot90(block | lines, turns)
    remaining = without_ruled_lines(mask, mask.astype(np.float32))
    np.testing.assert_array_equal(remaining, np.rot90(block, turns))


@pytest.mark.parametrize("turns", range(4))
def test_one_pixel_at_the_border_is_enough(turns: int) -> None:
    """Two lines that do not reach the border are a drawing, unless something touches it.

    On a sheet of 40 pixels the margin is a single one.
    """
    block = np.zeros((40, 40), np.bool_)
    block[1:11, 15:25] = True
    inner = block.copy()
    inner[20, 2:38] = inner[30, 2:38] = True
    touching = inner.copy()
    touching[0, 20] = True
    inner, touching, block = (np.rot90(mask, turns) for mask in (inner, touching, block))
    assert without_ruled_lines(inner, inner.astype(np.float32)) is inner
    found = without_ruled_lines(touching, touching.astype(np.float32))
    np.testing.assert_array_equal(found, block)


@pytest.mark.parametrize(("length", "is_removed"), [(11, True), (10, False)])
def test_a_ruled_line_takes_more_than_half_of_its_side(length: int, is_removed: bool) -> None:
    """A line across and one down, each 0.55 of 20 pixels long, are ruled lines."""
    block = np.zeros((20, 20), np.bool_)
    block[12:18, 3:9] = True
    lined = block.copy()
    lined[9, :length] = lined[:length, 15] = True
    found = without_ruled_lines(lined, lined.astype(np.float32))
    np.testing.assert_array_equal(found, block if is_removed else lined)


@pytest.mark.parametrize(
    ("longer", "other", "is_one"),
    [(20, 25, True), (20, 26, False), (26, 20, True), (26, 19, False)],
)
def test_two_lines_are_apart(longer: int, other: int, is_one: bool) -> None:
    """A line takes the rows beside it: six below, seven above. A single line stays: it is a one."""
    block, lined = np.zeros((2, 60, 60), np.bool_)
    block[40:50, 40:50] = True
    lined[longer] = lined[other, :50] = True
    lined |= block
    found = without_ruled_lines(lined, lined.astype(np.float32))
    np.testing.assert_array_equal(found, lined if is_one else block)


@pytest.mark.parametrize(("rise", "is_removed"), [(10, True), (14, False)])
def test_a_ruled_line_rises_by_a_tenth_at_most(rise: int, is_removed: bool) -> None:
    """Steeper lines than those of a sheet held by hand are strokes."""
    x = np.arange(100)
    block, lined = np.zeros((2, 100, 100), np.bool_)
    block[60:80, 40:60] = True
    lined |= block
    for top in (20, 30):
        lined[np.rint(top + x * rise / 100).astype(int), x] = True
        lined[np.rint(top + 1 + x * rise / 100).astype(int), x] = True
    found = without_ruled_lines(lined, lined.astype(np.float32))
    assert ((found & ~block).sum() == 0) == is_removed
    np.testing.assert_array_equal(found & block, block)
