import numpy as np
import pytest

from pictures.ink import flattened, ink_mask, ink_threshold, paper_noise, with_margin


def _sheet(paper: float, ink: float) -> np.ndarray:
    """Draw a cross on a sheet of 120x120 pixels."""
    grey = np.full((120, 120), paper, np.float32)
    grey[30:90, 56:64] = grey[56:64, 30:90] = ink
    return grey


CROSS = _sheet(0, 1) > 0


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


def test_ink_keeps_its_level_at_the_border() -> None:
    """A stroke that ends at the border, or runs along it, is as strong there as inside."""
    grey = np.full((120, 100), 0.9, np.float32)
    grey[30:90, 80:] = grey[50:60] = 0.3
    ink = flattened(grey, dark_on_light=True)
    np.testing.assert_allclose(ink[54:56], 0.6 / 0.9, atol=0.03)
    np.testing.assert_allclose(ink[32:88, 97:], 0.6 / 0.9, atol=0.03)
    assert ink[5:45, 5:75].max() < 0.02


@pytest.mark.parametrize("dark_on_light", [True, False])
def test_a_gradient_is_no_ink(dark_on_light: bool) -> None:
    """Light that falls off across the sheet leaves nothing, at the border neither."""
    light = np.linspace(1, 0.75, 120, dtype=np.float32)
    sheet = np.minimum.outer(light, np.linspace(1, 0.8, 160, dtype=np.float32))
    ink = flattened(sheet if dark_on_light else 1 - sheet, dark_on_light)
    assert ink.max() < 0.06
    assert ink_threshold(ink) is None


def test_the_margin_is_paper() -> None:
    """The margin has the light of the paper beside it, also where a stroke reaches the border."""
    grey = np.tile(np.linspace(0.8, 0.6, 100, dtype=np.float32), (60, 1))
    grey[:, 40:50] = 0.1
    large = with_margin(grey)
    assert large.shape == (68, 108)
    np.testing.assert_array_equal(large[4:-4, 4:-4], grey)
    margins = np.stack([large[:4, 4:-4], large[-4:, 4:-4]])
    assert margins.min() > 0.59
    np.testing.assert_allclose(margins[..., :40], np.tile(grey[0, :40], (2, 4, 1)), atol=0.03)


def test_paper_noise_by_hand() -> None:
    """The noise's mean and standard deviation are found, even if a tenth of the sheet is ink."""
    random = np.random.default_rng(0)
    ink = random.normal(0.2, 0.03, (200, 200)).astype(np.float32)
    ink[:20] = 1
    paper, noise = paper_noise(ink)
    assert paper == pytest.approx(0.2, abs=0.01)
    assert noise == pytest.approx(0.03, abs=0.005)
    assert paper_noise(np.full((9, 9), 0.5, np.float32)) == (0.5, 0.0)


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
