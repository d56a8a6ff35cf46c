import numpy as np
import pytest

from app.ink import flattened, ink_mask, ink_threshold, is_dark_on_light, paper_noise


def _sheet(paper: float, ink: float) -> np.ndarray:
    """Draw a cross on a sheet of 120x120 pixels."""
    grey = np.full((120, 120), paper, np.float32)
    grey[30:90, 56:64] = grey[56:64, 30:90] = ink
    return grey


CROSS = _sheet(0, 1) > 0


@pytest.mark.parametrize(("paper", "ink"), [(1, 0), (0.9, 0.6), (0.5, 0.2)])
def test_dark_on_light_by_the_border(paper: float, ink: float) -> None:
    """The border is paper, even if the paper is only a little lighter than the ink."""
    assert is_dark_on_light(_sheet(paper, ink))
    assert not is_dark_on_light(_sheet(ink, paper))


def test_dark_on_light_in_a_shadow() -> None:
    """Paper is found lighter than ink, even if a third of it lies in a dark shadow."""
    shaded = _sheet(0.9, 0.5)
    shaded[:, 80:] *= 0.4
    assert is_dark_on_light(shaded)


def test_flattened_removes_a_shadow() -> None:
    """Ink that absorbs half of the light becomes 0.5 in light and in shadow; paper becomes 0."""
    shaded = _sheet(1, 0.5)
    shaded[:, 75:] *= 0.4
    ink = flattened(shaded, dark_on_light=True)
    for column in (40, 60, 88):
        np.testing.assert_allclose(ink[58:62, column], 0.5, atol=0.03)
    assert np.quantile(ink[~CROSS], 0.95) < 0.05


def test_light_writing_is_inverted() -> None:
    """Chalk of level 0.7 on a board of level 0.1 becomes 0.6 / 0.9; the board becomes 0."""
    ink = flattened(_sheet(0.1, 0.7), dark_on_light=False)
    np.testing.assert_allclose(ink[58:62, 40], 0.6 / 0.9, atol=0.02)
    assert np.quantile(ink[~CROSS], 0.95) < 0.02


def test_paper_noise_by_hand() -> None:
    """The noise's mean and standard deviation are found, even if a tenth of the sheet is ink."""
    random = np.random.default_rng(0)
    ink = random.normal(0.2, 0.03, (200, 200)).astype(np.float32)
    ink[:20] = 1
    paper, noise = paper_noise(ink)
    assert paper == pytest.approx(0.2, abs=0.01)
    assert noise == pytest.approx(0.03, abs=0.005)


def test_threshold_lies_between_paper_and_ink() -> None:
    """The threshold is between noise and pencil, and None for a sheet with noise only."""
    random = np.random.default_rng(0)
    noise = np.abs(random.normal(0, 0.02, CROSS.shape)).astype(np.float32)
    threshold = ink_threshold(noise + CROSS * np.float32(0.4))
    assert threshold is not None
    assert 0.08 < threshold < 0.3
    assert ink_threshold(noise) is None
    assert ink_threshold(np.zeros((50, 50), np.float32)) is None


def test_mask_is_the_ink() -> None:
    """The mask covers the cross to within a pixel, despite noise and a gap of one pixel."""
    random = np.random.default_rng(0)
    ink = _sheet(0, 0.8) + np.abs(random.normal(0, 0.05, CROSS.shape)).astype(np.float32)
    ink[45] = 0
    mask = ink_mask(ink, 0.3)
    assert mask[45, 60]
    assert (mask != CROSS).mean() < 0.02
