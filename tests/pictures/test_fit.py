import numpy as np
import pytest

from pictures.fit import border_level, fitted


def test_28x28_pixels_stay_as_they_are() -> None:
    """Each level of a picture of the model's size comes back in whole numbers."""
    image = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    np.testing.assert_array_equal(fitted(image / np.float32(255)), image)


@pytest.mark.parametrize("side", [7, 28, 56, 399])
def test_the_longer_side_fills_the_image(side: int) -> None:
    """A bright wide picture with a dark border lies in the middle, at half the height."""
    grey = np.ones((side, 2 * side), np.float32)
    grey[0], grey[-1] = 0.2, 0.2
    grey[:, 0], grey[:, -1] = 0.2, 0.2
    image = fitted(grey)
    assert (image[:7] == 51).all()  # what was missing has the colour of the border
    assert (image[21:] == 51).all()
    assert image[14, 14] == 255


def test_a_high_picture_gets_columns() -> None:
    """The missing columns are shared by both sides; the right one gets the odd one."""
    image = fitted(np.full((100, 89), 0.0, np.float32) + np.eye(100, 89, dtype=np.float32))
    assert image.shape == (28, 28)
    assert (image[:, 0] == 0).all()
    assert (image[:, -2:] == 0).all()
    assert image[:, 1].any()
    assert image[:, -3].any()


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (1, 1)])
def test_a_line_is_kept(shape: tuple[int, int]) -> None:
    """A picture of a single line of pixels keeps one."""
    assert (fitted(np.full(shape, 0.6, np.float32)) == 153).all()


def test_a_few_pixels_at_the_border_do_not_count() -> None:
    """The level of the border is its median."""
    levels = np.full((9, 9), 0.8)
    levels[0, :4], levels[4, 4] = 0.1, 0.1
    assert border_level(levels) == 0.8
