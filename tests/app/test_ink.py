import numpy as np
import pytest

from app.ink import flattened, ink_mask, ink_threshold, is_dark_on_light, paper_grain


def _sheet(paper: float, ink: float) -> np.ndarray:
    """Draw a cross in 120x120."""
    grey = np.full((120, 120), paper, np.float32)
    grey[30:90, 56:64] = grey[56:64, 30:90] = ink
    return grey


CROSS = _sheet(0, 1) > 0


@pytest.mark.parametrize(("paper", "ink"), [(1, 0), (0.9, 0.6), (0.5, 0.2)])
def test_dark_on_light_by_the_border(paper: float, ink: float) -> None:
    """What is not as the border is the writing, also if the paper is but a little lighter."""
    assert is_dark_on_light(_sheet(paper, ink))
    assert not is_dark_on_light(_sheet(ink, paper))


def test_dark_on_light_in_a_shadow() -> None:
    """A third of the sheet is in a shadow darker than the ink is in the light."""
    shaded = _sheet(0.9, 0.5)
    shaded[:, 80:] *= 0.4
    assert is_dark_on_light(shaded)


def test_flattened_takes_the_shadow_out() -> None:
    """Ink that keeps half of the light is 0.5 in light and shadow alike, and paper is 0."""
    shaded = _sheet(1, 0.5)
    shaded[:, 75:] *= 0.4
    ink = flattened(shaded, dark_on_light=True)
    for column in (40, 60, 88):
        np.testing.assert_allclose(ink[58:62, column], 0.5, atol=0.03)
    assert np.quantile(ink[~CROSS], 0.95) < 0.05


def test_light_writing_is_inverted() -> None:
    """Chalk that adds 0.6 to a board of 0.1 is 0.67 of what could be added; the board is 0."""
    ink = flattened(_sheet(0.1, 0.7), dark_on_light=False)
    np.testing.assert_allclose(ink[58:62, 40], 0.6 / 0.9, atol=0.02)
    assert np.quantile(ink[~CROSS], 0.95) < 0.02


def test_paper_grain_by_hand() -> None:
    """Of normal noise the standard deviation is found, though a tenth is ink."""
    random = np.random.default_rng(0)
    ink = random.normal(0.2, 0.03, (200, 200)).astype(np.float32)
    ink[:20] = 1
    paper, grain = paper_grain(ink)
    assert paper == pytest.approx(0.2, abs=0.01)
    assert grain == pytest.approx(0.03, abs=0.005)


def test_threshold_lies_between_paper_and_ink() -> None:
    """Between grain and pencil, and None for a sheet with grain alone."""
    random = np.random.default_rng(0)
    grain = np.abs(random.normal(0, 0.02, CROSS.shape)).astype(np.float32)
    threshold = ink_threshold(grain + CROSS * np.float32(0.4))
    assert threshold is not None
    assert 0.08 < threshold < 0.3
    assert ink_threshold(grain) is None
    assert ink_threshold(np.zeros((50, 50), np.float32)) is None


def test_mask_is_the_ink() -> None:
    """The mask covers the cross to within a pixel, grain and gaps of a pixel notwithstanding."""
    random = np.random.default_rng(0)
    ink = _sheet(0, 0.8) + np.abs(random.normal(0, 0.05, CROSS.shape)).astype(np.float32)
    ink[45] = 0
    mask = ink_mask(ink, 0.3)
    assert mask[45, 60]
    assert (mask != CROSS).mean() < 0.02
