import numpy as np
import pytest

from pictures.normalise import boxed, centred, full_range, is_mnist_form, stroke_width, thickened
from pictures.segment import find_digits
from tests.app.conftest import drawn


def _bar(width: int) -> np.ndarray:
    """Draw an upright bar, 100 pixels high."""
    mask = np.zeros((140, 140), np.bool_)
    mask[20:120, 70 - width // 2 : 70 - width // 2 + width] = True
    return mask


@pytest.mark.parametrize("width", [3, 8, 20])
def test_stroke_width_of_a_bar(width: int) -> None:
    """The width of a bar is measured to within one and a half pixels."""
    assert stroke_width(_bar(width)) == pytest.approx(width, abs=1.5)


def test_only_thin_strokes_are_thickened() -> None:
    """A thin bar grows to 2.8 pixels in a digit 20 pixels high; a thick bar is unchanged."""
    thin = thickened(_bar(3).astype(np.float32), _bar(3))
    assert (thin[70] > 0.5).sum() == pytest.approx(2.8 * 5, abs=2)
    thick = _bar(16).astype(np.float32)
    assert thickened(thick, _bar(16)) is thick


def test_full_range_by_hand() -> None:
    """Grey ink becomes 1, ink half as dark 0.5, and everything outside the mask 0."""
    ink = np.full((40, 40), 0.1, np.float32)
    ink[10:30, 18:22], ink[10:30, 22] = 0.5, 0.3
    mask = ink > 0.2
    stretched = full_range(ink, mask, paper=0.1)
    np.testing.assert_allclose(stretched[12:28, 19:21], 1, atol=1e-3)
    np.testing.assert_allclose(stretched[12:28, 22], 0.5, atol=1e-3)
    assert stretched[:, :10].max() == 0
    assert stretched.dtype == np.float32


def test_a_quarter_of_the_ink_may_be_stronger() -> None:
    """Of 100 pixels 75 have 0.5 and 25 have 0.9: full ink is a quarter of the way, 0.6.

    Paper of 0.2 is 0, what is lighter too.
    """
    ink, mask = np.zeros((30, 30), np.float32), np.zeros((30, 30), np.bool_)
    mask[10:20, 10:20] = True
    ink[10:20, 10:20], ink[15:20, 10:15] = 0.5, 0.9
    stretched = full_range(ink, mask, paper=0.2)
    np.testing.assert_allclose(stretched[11:14, 11:19], 0.75, atol=1e-6)
    np.testing.assert_allclose(stretched[16:19, 11:14], 1, atol=1e-6)
    assert stretched.min() == 0


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((100, 50), (20, 10)),
        ((30, 90), (7, 20)),
        ((10, 10), (20, 20)),
        ((100, 1), (20, 1)),
        ((1, 100), (1, 20)),
    ],
)
def test_boxed_keeps_the_shape(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    """Empty edges are cropped and the longer side becomes 20, in the same proportions."""
    assert boxed(np.pad(np.ones(shape, np.float32), 7)).shape == expected


def test_centred_by_mass() -> None:
    """A digit with a heavy left side is shifted to the right, as far as there is room."""
    even = centred(np.ones((20, 10), np.float32))
    assert even[4:24, 9:19].min() == 255
    assert even.sum() == 255 * 200
    heavy = np.full((20, 20), 0.1, np.float32)
    heavy[:, :4] = 1
    expected = np.zeros((28, 28), np.uint8)
    expected[4:24, 8:28] = np.rint(heavy * 255)
    for turns in range(4):
        np.testing.assert_array_equal(centred(np.rot90(heavy, turns)), np.rot90(expected, turns))
    faint = np.zeros((20, 20), np.float32)
    faint[19, 19] = 0.5
    assert np.argwhere(centred(faint)).tolist() == [[19, 19]]


def test_recognises_mnist_form() -> None:
    """A normalised image has MNIST's form; a shifted image or one on grey does not."""
    picture = np.asarray(drawn(5).convert("L"), np.float32) / np.float32(255)
    levels = find_digits(picture).digits[0].image.astype(np.float32) / 255
    assert is_mnist_form(levels)
    assert not is_mnist_form(np.roll(levels, 2, axis=1))
    assert not is_mnist_form(np.maximum(levels, 0.01).astype(np.float32))
    assert not is_mnist_form(np.zeros((28, 28), np.float32))


@pytest.mark.parametrize("pixel", [(4, 4), (4, 23), (23, 4), (23, 23)])
def test_mnist_form_needs_strong_ink_of_twenty_pixels(pixel: tuple[int, int]) -> None:
    """One pixel of half the range is enough, wherever it is; a pixel more or less is too much."""
    levels = np.zeros((28, 28), np.float32)
    levels[4:24, 4:24] = 0.25
    assert not is_mnist_form(levels)
    levels[pixel] = 0.5
    assert is_mnist_form(levels)
    assert not is_mnist_form(levels[:, :-1])
    larger, smaller = levels.copy(), levels.copy()
    larger[3, 10] = 0.25
    smaller[[4, 23]] = smaller[:, [4, 23]] = 0
    smaller[10, 10] = 0.5
    assert not is_mnist_form(larger)
    assert not is_mnist_form(smaller)


def test_strong_ink_outside_the_middle_is_not_in_mnist_form() -> None:
    """Twenty rows a pixel too far down, and only the last, in the margin, has strong ink."""
    levels = np.zeros((28, 28), np.float32)
    levels[5:25, 4:24] = 0.25
    levels[24, 13], levels[5, 13:15] = 0.5, 0.38
    assert not is_mnist_form(levels)
    assert not is_mnist_form(levels.T)
    levels[14, 13] = 0.5
    assert is_mnist_form(levels)
    assert is_mnist_form(levels.T)


@pytest.mark.parametrize(("shift", "expected"), [(1, True), (2, False)])
def test_mnist_form_is_centred_to_a_pixel(shift: int, expected: bool) -> None:
    """The middle of the ink is at most one pixel from that of the image, in any direction."""
    levels = np.pad(np.ones((20, 20), np.float32), 4)
    for step in (-shift, shift):
        for axis in (0, 1):
            assert is_mnist_form(np.roll(levels, step, axis=axis)) is expected


def test_ink_fades_out_around_the_mask() -> None:
    """Two pixels are added to the mask, then its edge is softened by a Gaussian of 0.7 pixels."""
    mask = np.zeros((40, 60), np.bool_)
    mask[:, 20:40] = True
    ink = np.ones(mask.shape, np.float32)
    weights = np.exp(-(np.arange(-3, 4) ** 2) / (2 * 0.7**2))
    edge = np.cumsum(weights / weights.sum())  # from three pixels outside to three inside
    expected = np.concatenate([np.zeros(15), edge, np.ones(16), edge[::-1], np.zeros(15)])
    stretched = full_range(ink, mask, paper=0)
    np.testing.assert_allclose(stretched, np.tile(expected, (40, 1)), atol=1e-5)
    np.testing.assert_allclose(full_range(ink.T, mask.T, paper=0), stretched.T, atol=1e-6)


def test_a_thin_bar_is_widened_by_hand() -> None:
    """A bar of 3x100 pixels gets 4.78 pixels on each side.

    The mean distance to its edge is 398 / 300 pixels, so its width is 4 * 398 / 300 - 1 = 4.31
    pixels or 0.87 of 99 / 20 = 4.95 pixels; (2.8 - 0.87) / 2 * 4.95 = 4.777.
    """
    mask = _bar(3)
    for way in (np.asarray, np.transpose):
        wide = way(thickened(way(mask).astype(np.float32), way(mask)))
        profile = [0, 0.7767, *[1] * 11, 0.7767, 0]
        np.testing.assert_allclose(wide[70, 63:78], profile, atol=1e-3)
        np.testing.assert_allclose(wide[13:22, 70], [0, 0, 0.7767, 1, 1, 1, 1, 1, 1], atol=1e-3)


def test_a_single_pixel_is_thick_enough() -> None:
    """It is a pixel of a digit of its own size."""
    mask = np.zeros((9, 9), np.bool_)
    mask[4, 4] = True
    ink = mask.astype(np.float32)
    assert thickened(ink, mask) is ink


def test_boxed_crops_faint_edges_and_scales() -> None:
    """Ink of 0.2 is no edge; blocks of 4x4 pixels are averaged; between pixels it is linear."""
    ink = np.random.default_rng(0).uniform(0.3, 1, (80, 40)).astype(np.float32)
    faint = np.pad(ink, 5, constant_values=np.float32(0.2))
    means = ink.reshape(20, 4, 10, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(boxed(faint), means, atol=1e-6)
    np.testing.assert_array_equal(boxed(ink[:20, :20]), ink[:20, :20])
    for side in (10, 16):
        between = np.interp((np.arange(20) + 0.5) * side / 20 - 0.5, np.arange(side), ink[0, :side])
        found = boxed(np.tile(ink[0, :side], (side, 1)))
        np.testing.assert_allclose(found, np.tile(between, (20, 1)), atol=1e-6)
