import numpy as np
import pytest
from scipy import ndimage

from pictures.arrays import Levels
from pictures.background import may_have_holes
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


@pytest.mark.parametrize(
    ("shape", "side"), [((60, 80), 21), ((30, 80), 11), ((100, 40), 25), ((9, 9), 3)]
)
@pytest.mark.parametrize("dark_on_light", [True, False])
def test_the_light_is_that_of_scipy(shape: tuple[int, int], side: int, dark_on_light: bool) -> None:
    """A Gaussian of one pixel, then a closing by 0.35 of the shorter side, or 0.25 of the height.

    The window has an odd side. Paper is taken for no darker than 0.05, and a board than 0.5.
    """
    grey = np.random.default_rng(0).random(shape, np.float32) ** (2 if dark_on_light else 0.5)
    dark = grey if dark_on_light else 1 - grey
    smooth = with_margin(ndimage.gaussian_filter(dark, 1, mode="mirror"))
    light = ndimage.grey_closing(smooth, (side, side), mode="nearest")[4:-4, 4:-4]
    expected = np.clip((light - dark) / np.maximum(light, 0.05 if dark_on_light else 0.5), 0, 1)
    found = flattened(grey, dark_on_light)
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert found.dtype == np.float32


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


def in_blocks(*levels: tuple[int, float]) -> Levels:
    """Return ink of so many blocks of 2x2 pixels of each level, in 20 columns of blocks."""
    blocks = np.concatenate([np.full(count, level, np.float32) for count, level in levels])
    return blocks.reshape(-1, 20).repeat(2, axis=0).repeat(2, axis=1)


def test_paper_is_the_lower_half_of_every_other_pixel() -> None:
    """Of 80 levels from 0 to 0.079 and ten of 0.4, a sixth are below 0.01424, half below 0.0445.

    What is above half of the strongest ink is none of the paper.
    """
    ink = in_blocks(*((1, index / 1000) for index in range(80)), (10, 0.4), (10, 1.0))
    ink[1::2] = ink[:, 1::2] = 0.7
    assert paper_noise(ink) == pytest.approx((0.0445, 0.0445 - 0.01424), abs=1e-6)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        # paper of 0.1 without noise; ink of 0.9, fainter, very faint and too faint
        ([(180, 0.1), (20, 0.9)], 0.1 + 0.35 * 0.8),
        ([(180, 0.1), (20, 0.3)], 0.1 + 0.08),
        ([(180, 0.1), (20, 0.25)], 0.1 + 0.5 * 0.15),
        ([(180, 0.1), (20, 0.17)], None),
        # three quarters of the ink have 0.5, the others 0.9
        ([(220, 0.1), (75, 0.5), (25, 0.9)], 0.1 + 0.35 * 0.5),
        # noise of 0.0625, six times of which is least; and what is as strong does not count
        ([(80, 0.1875), (116, 0.25), (4, 0.625)], 0.25 + 0.5 * 0.375),
        ([(80, 0.1875), (116, 0.25), (4, 0.624)], None),
        ([(80, 0.1875), (100, 0.25), (16, 0.625), (4, 0.9)], 0.25 + 0.5 * 0.65),
    ],
)
def test_thresholds_by_hand(levels: list[tuple[int, float]], expected: float | None) -> None:
    """About a third of the way to strong ink, or more if noise or a faint pen asks for it."""
    assert ink_threshold(in_blocks(*levels)) == pytest.approx(expected, abs=1e-5)


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


@pytest.mark.parametrize(("threshold", "stays"), [(0.32, True), (0.33, False)])
def test_a_speck_of_one_pixel_is_smoothed(threshold: float, stays: bool) -> None:
    """A Gaussian of 0.7 pixels leaves 0.5699 of a line's level and 0.3248 of a pixel's."""
    ink = np.zeros((30, 30), np.float32)
    ink[15, 15] = 1
    np.testing.assert_array_equal(ink_mask(ink, threshold), (ink > 0) & stays)


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


@pytest.mark.parametrize(("height", "width"), [(4, 4), (5, 3), (3, 5)])
def test_a_small_hole_stays(height: int, width: int) -> None:
    """One of 16 pixels is a tenth of 160 pixels of ink; one of 15 is less."""
    mask, hole = np.zeros((2, 60, 60), np.bool_)
    mask[9 : 11 + height, 9 : 11 + width] = hole[10 : 10 + height, 10 : 10 + width] = True
    mask[hole] = False
    mask[40, :] = mask[42, :] = True
    mask[44, : 160 - int(mask.sum())] = True
    grey = np.where(mask | hole, 0.25, 0.875).astype(np.float32)
    assert mask.sum() == 160
    assert filled_holes(grey, mask).sum() == (16 if height == width else 0)


def test_holes_beside_each_other_are_filled() -> None:
    """Both inside of each other's surroundings, and below one that has only ink around.

    The ring of the lowest is closed by corners alone, and it is lighter than halfway to the border,
    but not to the paper around it.
    """
    mask = outline(8, 20, 14) | outline(8, 34, 14)
    mask[1:10, 5:14] = True
    mask[3:8, 7:12] = False
    holes = np.zeros((60, 60), np.bool_)
    holes[9:21, 21:33] = holes[9:21, 35:47] = True
    away = np.abs(np.indices((60, 60)) - np.array([[[42]], [[30]]])).sum(axis=0)
    mask, holes = mask | (away == 9), holes | (away < 9)
    grey = np.where(mask | holes, 0.25, 1).astype(np.float32)
    grey[[0, -1]] = grey[:, [0, -1]] = 0.875
    grey[3:8, 7:12], grey[away < 9] = 0.25, 0.6
    np.testing.assert_array_equal(filled_holes(grey, mask), holes)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize(
    ("level", "paper", "lighter", "is_filled"),
    [
        (0.5, 0.875, 124, True),
        (0.5, 0.875, 119, False),
        (0.5625, 1.0, 124, False),
        (0.55, 1.0, 124, True),
    ],
)
def test_a_dark_spot_beside_the_ink(
    level: float, paper: float, lighter: int, is_filled: bool, turns: int
) -> None:
    """It is ink that the mask lacks, if it is darker than halfway between ink and the border.

    The ink has 0.25. More than half of the border has 0.875 or, with a few pixels less, 0.625.
    """
    grey = np.full((60, 60), paper, np.float32)
    grey[[0, 1, -2, -1]] = grey[:, [0, 1, -2, -1]] = 0.625
    grey[[0, -1]] = 0.875  # 124 of 240, as each corner is on two sides
    grey[0, 1 : 1 + 124 - lighter] = 0.625
    mask, spot = np.zeros((2, 60, 60), np.bool_)
    mask[20:40, 20:24] = spot[20:40, 24:34] = True
    grey[mask], grey[spot] = 0.25, level
    grey, mask = np.rot90(grey, turns), np.rot90(mask, turns)
    np.testing.assert_array_equal(filled_holes(grey, mask), np.rot90(spot & is_filled, turns))
    assert may_have_holes(grey, mask) is is_filled


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
    for turns in range(4):
        found = filled_holes(np.rot90(grey, turns), np.rot90(mask, turns))
        np.testing.assert_array_equal(found, np.rot90(hole, turns))
