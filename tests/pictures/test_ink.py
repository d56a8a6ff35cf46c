import numpy as np
import pytest

from pictures.ink import filled_holes, flattened, ink_mask, ink_threshold, paper_noise, with_margin


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


@pytest.mark.parametrize(("side", "gap"), [(112, 2), (400, 4)])
def test_gaps_narrower_than_a_disc_are_closed(side: int, gap: int) -> None:
    """The disc is 3 pixels wide in a small picture and 5 in a large one; no ink has no mask."""
    for width, is_closed in ((gap, True), (gap + 1, False)):
        ink = np.ones((40, side), np.float32)
        ink[:, 60 : 60 + width] = 0
        expected = np.ones(ink.shape, np.bool_) if is_closed else ink > 0
        np.testing.assert_array_equal(ink_mask(ink, 0.5), expected)
        np.testing.assert_array_equal(ink_mask(ink.T, 0.5), expected.T)
    assert not ink_mask(np.zeros((40, side), np.float32), 0).any()


@pytest.mark.parametrize("turns", range(4))
def test_the_margin_goes_on_as_the_border_does(turns: int) -> None:
    """Levels that fall towards a corner go on outside: the lowest are 11 pixels of the border.

    The closing fills what is shorter than 0.8 of the shorter side, here 11 pixels.
    """
    y, x = np.indices((20, 12))
    grey = np.rot90((np.maximum(x + 2 * y, 6) / 100).astype(np.float32), turns)
    np.testing.assert_array_equal(with_margin(grey), np.pad(grey, 4, mode="edge"))
    for length, is_stroke in ((10, True), (11, False)):
        sheet = np.full((20, 12), 0.9, np.float32)
        sheet[4 : 4 + length, :3] = 0.1
        paper = np.full(sheet.shape, 0.9, np.float32) if is_stroke else sheet.copy()
        sheet[-1, -1] = 0.1  # a speck in the corner
        margin = np.pad(np.rot90(paper, turns), 4, mode="edge")
        margin[4:-4, 4:-4] = np.rot90(sheet, turns)
        np.testing.assert_array_equal(with_margin(np.rot90(sheet, turns)), margin)


def outline(top: int, left: int, side: int) -> np.ndarray:
    """Return the mask (60, 60) of a square of which only the edge was found."""
    mask = np.zeros((60, 60), np.bool_)
    mask[top : top + side, left : left + side] = True
    mask[top + 1 : top + side - 1, left + 1 : left + side - 1] = False
    return mask


@pytest.mark.parametrize("turns", range(4))
def test_a_filled_shape_is_filled_up_to_the_border(turns: int) -> None:
    """The inside of a square in a corner is ink; what the border cuts off may be anything."""
    mask, hole = outline(0, 0, 14), np.zeros((60, 60), np.bool_)
    hole[1:13, 1:13] = True
    grey = np.where(mask | hole, 0.25, 0.875).astype(np.float32)
    for way in (np.rot90, lambda array, turns: np.rot90(array.T, turns)):
        found = filled_holes(way(grey, turns), way(mask, turns))
        np.testing.assert_array_equal(found, way(hole, turns))
        mask_cut = mask.copy()
        mask_cut[0, 1:13] = False
        assert not filled_holes(way(grey, turns), way(mask_cut, turns)).any()


@pytest.mark.parametrize(("side", "is_filled"), [(4, True), (3, False)])
def test_a_small_hole_stays(side: int, is_filled: bool) -> None:
    """One of 16 pixels is a tenth of 160 pixels of ink; one of 9 is less."""
    mask = outline(10, 10, side + 2)
    mask[40, :] = mask[42, :] = True
    mask[44, : 160 - int(mask.sum())] = True
    grey = np.where(mask, 0.25, 0.875).astype(np.float32)
    grey[11 : 11 + side, 11 : 11 + side] = 0.25
    assert mask.sum() == 160
    assert filled_holes(grey, mask).sum() == (side**2 if is_filled else 0)


@pytest.mark.parametrize("start", [5, 26])
def test_a_hole_is_compared_with_half_its_size_around(start: int) -> None:
    """The light paper is in the majority, by six pixels, within half the hole's side around it.

    With a row less or more around, most of the paper would be as dark as the ink.
    """
    mask, hole = outline(start - 1, start - 1, 12), np.zeros((60, 60), np.bool_)
    hole[start : start + 10, start : start + 10] = True
    grey = np.full((60, 60), 0.25, np.float32)
    around = grey[start - 5 : start + 15, start - 5 : start + 15]
    around[[0, -1]] = around[:, [0, -1]] = 0.875  # 76 pixels
    around[1:-1, 1:4] = 0.875  # 54 pixels
    around[1, 4] = 0.875
    grey[mask], grey[hole] = 0.25, 0.5
    np.testing.assert_array_equal(filled_holes(grey, mask), hole)
