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
    image = fitted(np.full(shape, 0.6, np.float32))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, np.full((28, 28), 153))


def test_a_line_does_not_get_thicker() -> None:
    """Of 28 rows or columns one has the levels of the line, the others have its median."""
    image = fitted(np.linspace(0, 1, 400, dtype=np.float32)[np.newaxis])
    assert np.flatnonzero(np.ptp(image, axis=1)).tolist() == [13]
    np.testing.assert_array_equal(fitted(np.linspace(0, 1, 400)[:, np.newaxis]), image.T)


def test_a_few_pixels_at_the_border_do_not_count() -> None:
    """The level of the border is its median."""
    levels = np.full((9, 9), 0.8)
    levels[0, :4], levels[4, 4] = 0.1, 0.1
    assert border_level(levels) == 0.8


def test_the_border_has_four_sides() -> None:
    """If 18 of its 36 pixels are light, their median lies in the middle."""
    for rows, columns in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        levels = np.zeros((9, 9))
        levels[1:-1, 1:-1] = 0.3
        levels[rows] = levels[:, columns] = 1
        levels[-1 - rows, columns] = 0
        assert border_level(levels) == 0.5


def test_a_small_picture_is_enlarged_smoothly() -> None:
    """Between the centres of two pixels the levels go straight from one to the other.

    A picture of 2x2 pixels is enlarged by 14, so a centre lies 6.5 pixels from the side.
    """
    straight = np.clip((np.arange(28) - 6.5) / 14, 0, 1)
    image = fitted(np.array([[0, 1], [0, 1]], np.float32))
    np.testing.assert_allclose(image, np.tile(straight * 255, (28, 1)), atol=0.51)
    levels = np.random.default_rng(0).random(20, np.float32)
    between = np.interp((np.arange(28) + 0.5) * 20 / 28 - 0.5, np.arange(20), levels)
    image = fitted(np.tile(levels, (20, 1)))
    np.testing.assert_allclose(image, np.tile(between * 255, (28, 1)), atol=0.51)


def test_a_large_picture_is_averaged() -> None:
    """Of each 4x4 pixels the mean is left; levels beyond black and white are cut."""
    grey = np.tile(np.eye(4, dtype=np.float32), (28, 28))
    assert (fitted(grey) == 64).all()
    np.testing.assert_array_equal(fitted(np.eye(28, dtype=np.float32) * 3 - 1), np.eye(28) * 255)


def test_an_odd_row_goes_below() -> None:
    """Of 28 rows 25 are the picture's: one is missing above it, two below."""
    grey = np.zeros((25, 28), np.float32)
    grey[1:-1, 1:-1] = 1
    expected = np.zeros((28, 28), np.uint8)
    expected[2:25, 1:27] = 255
    np.testing.assert_array_equal(fitted(grey), expected)
