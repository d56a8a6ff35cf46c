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


def test_columns_lead_back_to_the_picture() -> None:
    """The middle of a digit in the row's image is its middle in the picture."""
    mask = sheet((100, 30, 120, 78), (140, 30, 160, 78))
    image = row_image(mask.astype(np.float32), mask)
    inked = np.flatnonzero(image.levels[16] > 0.5)
    middle = inked[inked < 20].mean() + 0.5
    assert image.columns(np.array([middle])) == pytest.approx([110], abs=0.25)


def test_points_lines_and_scraps_do_not_set_the_height() -> None:
    """A point, an underline and a piece of the row above leave the digits as large as they were."""
    digits = (100, 30, 120, 70), (140, 30, 160, 70)
    others = (125, 66, 129, 70), (60, 80, 280, 83), (150, 0, 160, 12)
    mask = sheet(*digits, *others)
    assert row_image(mask.astype(np.float32), mask).scale == 40 / BAND


def test_a_frame_around_the_row_does_not_set_the_height() -> None:
    """Digits in a frame along the picture's edges are scaled as without it."""
    mask = sheet((100, 30, 120, 70), (140, 30, 160, 70))
    mask[[2, -3], 2:-2] = mask[2:-2, [2, -3]] = True
    assert row_image(mask.astype(np.float32), mask).scale == 40 / BAND


def test_a_rising_row_is_levelled() -> None:
    """Digits that rise by a tenth come to stand on one line."""
    boxes = [(30 + 40 * i, 60 - 4 * i, 45 + 40 * i, 90 - 4 * i) for i in range(6)]
    mask = sheet(*boxes)
    image = row_image(mask.astype(np.float32), mask)
    assert image.scale * BAND < 35


@given(ink=sheets(st.integers(1, 150)), threshold=st.floats(0, 1))
def test_any_ink_gives_an_image_that_the_network_takes(ink: Levels, threshold: float) -> None:
    """Blank or full, tiny or wide: 32 rows, at most 640 columns, levels from 0 to 1."""
    image = row_image(ink, ink > threshold)
    height, width = image.levels.shape
    assert height == HEIGHT
    assert 0 < width <= MAX_WIDTH
    assert 0 <= image.levels.min() <= image.levels.max() <= 1 + 1e-6
