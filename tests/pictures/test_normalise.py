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


@pytest.mark.parametrize(
    ("shape", "expected"), [((100, 50), (20, 10)), ((30, 90), (7, 20)), ((10, 10), (20, 20))]
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
    image = centred(heavy)
    rows, columns = np.nonzero(image)
    assert (rows.min(), rows.max()) == (4, 23)
    assert (columns.min(), columns.max()) == (8, 27)


def test_recognises_mnist_form() -> None:
    """A normalised image has MNIST's form; a shifted image or one on grey does not."""
    picture = np.asarray(drawn(5).convert("L"), np.float32) / np.float32(255)
    levels = find_digits(picture).digits[0].image.astype(np.float32) / 255
    assert is_mnist_form(levels)
    assert not is_mnist_form(np.roll(levels, 2, axis=1))
    assert not is_mnist_form(np.maximum(levels, 0.01).astype(np.float32))
    assert not is_mnist_form(np.zeros((28, 28), np.float32))
