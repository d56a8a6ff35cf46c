import numpy as np

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
