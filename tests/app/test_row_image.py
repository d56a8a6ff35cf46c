import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.row_image import BAND, HEIGHT, MAX_WIDTH, row_image
from pictures.arrays import Levels, Mask
from tests.pictures.anything import sheets


def sheet(*boxes: tuple[int, int, int, int]) -> Mask:
    """Return a mask (100, 300) of filled boxes: left, top, right, bottom."""
    mask = np.zeros((100, 300), np.bool_)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return mask


def test_the_row_is_scaled_to_the_band() -> None:
    """Digits of 48 pixels get 24 of the 32 rows, paper is 0 and strong ink 1."""
    mask = sheet((100, 30, 120, 78), (140, 30, 160, 78))
    image = row_image(mask * np.float32(0.4), mask)
    assert image.scale == 48 / BAND
    assert image.levels.shape == (HEIGHT, 30 + 16)
    inked = np.flatnonzero(image.levels.max(axis=1) > 0.5)
    assert (inked[0], inked[-1] + 1) == (4, 28)
    assert image.levels.max() == pytest.approx(1)
    assert image.levels.min() == 0
    assert image.left == 100 - 8 * 2  # a margin of 8 of its pixels, which have 2 of the picture's
    np.testing.assert_allclose(image.levels[6:26], np.tile(image.levels[16], (20, 1)), atol=1e-6)


def middles(levels: Levels) -> Levels:
    """Return the middle of each run of ink in the middle row."""
    edges = np.flatnonzero(np.diff(levels[16] > 0.5))
    return (edges[::2] + edges[1::2]) / 2 + 1


@pytest.mark.parametrize("height", [48, 12])
@pytest.mark.parametrize("rise", [0, 2, -2])
def test_columns_lead_back_to_the_picture(height: int, rise: int) -> None:
    """The middle of a digit in the row's image is its middle in the picture, also of a slope."""
    boxes = [(100 + 20 * i, 30 + rise * i, 108 + 20 * i, 30 + rise * i + height) for i in range(8)]
    mask = sheet(*boxes)
    image = row_image(mask.astype(np.float32), mask)
    expected = [104 + 20 * i for i in range(8)]
    np.testing.assert_allclose(
        image.columns(middles(image.levels)), expected, atol=max(0.5, image.scale / 2)
    )


def height_of(mask: Mask) -> float:
    """Return the height of the row that is found in a mask."""
    return row_image(mask.astype(np.float32), mask).scale * BAND


@pytest.mark.parametrize(
    ("other", "height"),
    [
        ((125, 66, 129, 70), 40),  # a point
        ((60, 80, 280, 83), 40),  # an underline
        ((150, 0, 160, 12), 40),  # a piece of the row above
        # Lower than 0.15 of the picture, 15, and more than four times as wide, it is a line.
        ((100, 75, 156, 89), 59),
        ((100, 75, 157, 89), 40),
        ((100, 75, 120, 89), 59),
        ((100, 75, 170, 90), 60),
        # At least 0.3 of the tallest, 12; at the picture's edge 0.6, 24.
        ((100, 75, 110, 87), 57),
        ((100, 75, 110, 86), 40),
        ((100, 76, 110, 100), 70),
        ((100, 77, 110, 100), 40),
        ((100, 0, 110, 24), 70),
        ((100, 0, 110, 23), 40),
    ],
)
def test_what_sets_the_height(other: tuple[int, int, int, int], height: int) -> None:
    """Digits from row 30 to 69 are 40 pixels high; what is as high as a digit belongs to them."""
    mask = sheet((100, 30, 120, 70), (140, 30, 160, 70), other)
    assert height_of(mask) == pytest.approx(height)


def outline(left: int, top: int, right: int, bottom: int, pen: int = 2) -> Mask:
    mask = sheet((left, top, right, bottom))
    mask[top + pen : bottom - pen, left + pen : right - pen] = False
    return mask


@pytest.mark.parametrize(
    ("frame", "height"),
    [
        (outline(2, 2, 298, 98), 40),
        # A frame spans more than 0.85 of both sides, 255 and 85.
        (outline(20, 5, 276, 91), 40),
        (outline(20, 5, 275, 91), 86),
        (outline(20, 5, 276, 90), 85),
        # It may hang together with a stroke, and be thick, but is not filled.
        (outline(20, 5, 280, 93) | sheet((20, 80, 90, 82)), 40),
        (outline(15, 5, 290, 93) | sheet((271, 5, 290, 93)), 40),
        (sheet((10, 5, 290, 95)), 90),
    ],
)
def test_a_frame_around_the_row_does_not_set_the_height(frame: Mask, height: int) -> None:
    """Digits in a frame along the picture's edges are scaled as without it."""
    assert height_of(sheet((100, 30, 120, 70), (140, 30, 160, 70)) | frame) == height


def test_a_row_beside_the_middle_is_no_frame() -> None:
    """Digits at the upper edge, from row 2 to 17, are 16 pixels high."""
    assert height_of(sheet((100, 2, 110, 18), (120, 2, 130, 18))) == 16


@pytest.mark.parametrize(
    ("rise", "least", "most"),
    [
        (0, 30, 30),
        (1, 35, 35),  # one pixel in 40 is left
        (2, 30, 33),
        (4, 30, 33),
        (12, 41, 46),  # of a slope of 0.3 a quarter is mended: 0.05 times 200 pixels stay
    ],
)
def test_a_rising_or_falling_row_is_levelled(rise: int, least: int, most: int) -> None:
    """Digits 30 pixels high come to stand on one line; a line above them does not matter."""
    boxes = [(30 + 40 * i, 65 - rise * i, 45 + 40 * i, 95 - rise * i) for i in range(6)]
    mask = sheet(*boxes)
    for each in (mask, mask[::-1], mask[:, ::-1]):
        assert least <= height_of(each) <= most
    if rise < 12:
        mask |= sheet((180, 1, 250, 4))
        assert least <= height_of(mask) <= most


@pytest.mark.parametrize(("right", "height"), [(120, 30), (119, 38)])
def test_a_short_row_keeps_its_slope(right: int, height: int) -> None:
    """Less than three times as long as high, what it rises may be how its digits are made."""
    mask = sheet((30, 60, 45, 90), (67, 56, 82, 86), (105, 52, right, 82))
    assert height_of(mask) == pytest.approx(height, abs=2)


def test_a_row_in_a_corner_is_levelled_whole() -> None:
    """What leaves the picture when it is levelled is still there."""
    mask = sheet((0, 6, 4, 14), (12, 3, 16, 11), (24, 0, 28, 8))
    for each in (mask, mask[::-1], mask[:, ::-1], mask[::-1, ::-1]):
        assert height_of(each) == pytest.approx(9, abs=1)


def test_a_very_long_row_is_scaled_to_the_width() -> None:
    """Of 640 columns 624 are for the writing, and the digits are lower than the band."""
    mask = np.zeros((30, 1000), np.bool_)
    mask[5:25, 100:110] = mask[5:25, 890:900] = True
    image = row_image(mask.astype(np.float32), mask)
    assert image.scale == 800 / 624
    assert image.levels.shape == (HEIGHT, MAX_WIDTH)


def test_a_sheet_without_writing_is_scaled_whole() -> None:
    """A faint stripe in the middle of 100x300 pixels stays as faint, and in the middle."""
    ink = np.zeros((100, 300), np.float32)
    ink[40:60, 100:200] = 0.5
    image = row_image(ink, np.zeros((100, 300), np.bool_))
    assert (image.scale, image.left) == (100 / BAND, -8 * 100 / BAND)
    np.testing.assert_allclose(image.levels, image.levels[::-1], atol=1e-5)
    np.testing.assert_allclose(image.levels, image.levels[:, ::-1], atol=1e-5)
    assert image.levels.max() == pytest.approx(0.5)


def test_paper_is_0_and_strong_ink_1() -> None:
    """Paper at 0.1 and three of four digits at 0.5: the 75th percentile is 0.6 by interpolation."""
    boxes = [(100 + 20 * i, 30, 110 + 20 * i, 78) for i in range(4)]
    mask = sheet(*boxes)
    ink = np.where(mask, np.float32(0.5), np.float32(0.1))
    ink[30:78, 160:170] = 0.9
    levels = row_image(ink, mask).levels
    assert levels.min() == pytest.approx(0)
    assert levels[16, [10, 20, 30, 40]] == pytest.approx([0.8, 0.8, 0.8, 1])


@pytest.mark.parametrize("is_upright", [False, True])
def test_fine_stripes_become_grey(is_upright: bool) -> None:
    """A row's image has the mean of the pixels that it is made from, here 1.5 each."""
    mask = sheet((100, 30, 148, 66))
    ink = mask.astype(np.float32)
    if is_upright:
        ink[:, 1::2] = 0
    else:
        ink[1::2] = 0
    inside = row_image(ink, mask).levels[6:26, 10:38]
    assert 0.3 < inside.min() < inside.max() < 0.7


@given(ink=sheets(st.integers(1, 150)), threshold=st.floats(0, 1))
def test_any_ink_gives_an_image_that_the_network_takes(ink: Levels, threshold: float) -> None:
    """Blank or full, tiny or wide: 32 rows, at most 640 columns, levels from 0 to 1."""
    image = row_image(ink, ink > threshold)
    height, width = image.levels.shape
    assert height == HEIGHT
    assert 0 < width <= MAX_WIDTH
    assert 0 <= image.levels.min() <= image.levels.max() <= 1 + 1e-6
