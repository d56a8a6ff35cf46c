import cv2
import numpy as np
import pytest

from pictures.arrays import Levels, Mask
from pictures.background import inks, is_dark_on_light, is_solid, may_have_holes
from pictures.frames import without_frames
from pictures.ink import filled_holes
from tests.app.conftest import STROKES, drawn

COLOURS = [("black", "white"), ("white", "black")]


def sheet(paper: float, ink: float) -> Levels:
    """Draw a cross on a sheet of 120x120 pixels."""
    grey = np.full((120, 120), paper, np.float32)
    grey[30:90, 56:64] = grey[56:64, 30:90] = ink
    return grey


def written(name: int, ink: str = "black", paper: str = "white", pen: int = 8) -> Levels:
    """Return the grey levels (100, 100) of a digit."""
    picture = drawn(name, pen=pen, ink=ink, paper=paper).convert("L")
    return np.asarray(picture, np.float32) / np.float32(255)


def cropped(grey: Levels, digit: Mask) -> Levels:
    """Crop grey levels to the box around a digit."""
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    return grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def difference(mask: Mask, digit: Mask, factor: int) -> float:
    """Return the share of pixels in which a mask is not the digit, enlarged."""
    large = cv2.resize(digit.astype(np.uint8), None, fx=factor, fy=factor)
    return float((mask != (large > 0)).mean())


@pytest.mark.parametrize(("paper", "ink"), [(1, 0), (0.9, 0.6), (0.5, 0.2)])
def test_dark_on_light_by_the_border(paper: float, ink: float) -> None:
    """The border is paper, even if the paper is only a little lighter than the ink."""
    assert is_dark_on_light(sheet(paper, ink))
    assert not is_dark_on_light(sheet(ink, paper))


def test_dark_on_light_under_a_lamp() -> None:
    """A spot of light is no writing, although it is further from the border's level than ink."""
    away = np.hypot(*(np.indices((120, 120)) - 60))
    lamp = sheet(0.45, 0.1) + 0.4 * np.exp(-(away**2) / (2 * 35**2)).astype(np.float32)
    assert is_dark_on_light(lamp)
    assert not is_dark_on_light(1 - lamp)


def test_thin_light_lines_are_seen() -> None:
    """On a sheet of four times the size that is looked at, each row is averaged with others."""
    chalk = np.zeros((256, 256), np.float32)
    chalk[60:200:4, 60:200] = 1
    assert not is_dark_on_light(chalk)


def test_dark_on_light_in_a_shadow() -> None:
    """Paper is found lighter than ink, even if a third of it lies in a dark shadow."""
    shaded = sheet(0.9, 0.5)
    shaded[:, 80:] *= 0.4
    assert is_dark_on_light(shaded)


@pytest.mark.parametrize(("ink", "paper"), COLOURS)
@pytest.mark.parametrize("name", STROKES)
def test_a_clean_sheet_has_one_ink(name: int, ink: str, paper: str) -> None:
    """Where nothing is doubtful only one way is tried, and it is right."""
    (found,) = inks(written(name, ink, paper))
    assert difference(found.mask, written(name) < 0.5, found.factor) < 0.01


@pytest.mark.parametrize(("ink", "paper"), COLOURS)
@pytest.mark.parametrize("name", [0, 1, 3, 4, 5, 6, 8, 9])  # no stroke covers a side
def test_one_ink_of_a_tight_crop_is_right(name: int, ink: str, paper: str) -> None:
    """A bold digit that fills its picture leaves both ways open, and one gives the digit."""
    digit = written(name, pen=14) < 0.5
    found = list(inks(cropped(written(name, ink, paper, pen=14), digit)))
    assert len(found) == 2
    least = min(difference(own.mask, cropped(digit, digit), own.factor) for own in found)
    assert least < 0.03


@pytest.mark.parametrize(("ink", "paper"), COLOURS)
@pytest.mark.parametrize("name", [0, 5, 8])
def test_the_likelier_ink_of_a_tight_crop_comes_first(name: int, ink: str, paper: str) -> None:
    """What covers most of the border is the paper."""
    digit = written(name, pen=14) < 0.5
    found = next(inks(cropped(written(name, ink, paper, pen=14), digit)))
    assert difference(found.mask, cropped(digit, digit), found.factor) < 0.03


@pytest.mark.parametrize(
    ("name", "pen", "ink", "window", "is_solid"),
    [
        (0, 6, "black", np.s_[54:], [False, True]),
        (0, 6, "black", np.s_[12:], [False, False]),
        (2, 6, "black", np.s_[42:], [False, False]),
        (1, 6, "black", np.s_[54:], [False]),  # its other ink is too faint
        (1, 6, "white", np.s_[:, 54:], [False, False]),
        (5, 24, "white", np.s_[:, 24:], [False, False]),
    ],
)
def test_the_likelier_ink_of_a_cut_digit_comes_first(
    name: int, pen: int, ink: str, window: tuple[slice, ...], is_solid: list[bool]
) -> None:
    """A stroke that the border cuts is ink, whether thin or so bold that it covers most."""
    paper = "white" if ink == "black" else "black"
    ways = list(inks(np.ascontiguousarray(written(name, ink, paper, pen)[window])))
    digit = (written(name, pen=pen) < 0.5)[window]
    assert difference(ways[0].mask, digit, ways[0].factor) < 0.01
    assert [way.is_solid for way in ways] == is_solid


@pytest.mark.parametrize(("ink", "paper"), COLOURS)
def test_a_frame_along_the_border_is_no_paper(ink: str, paper: str) -> None:
    """The likelier way has the digit as ink, although the frame's colour covers the border."""
    grey = written(2, ink, paper)
    grey[[0, 1, -1]] = grey[:, [0, 1, -1]] = ink == "white"
    found = next(inks(grey))
    assert difference(without_frames(found.mask), written(2) < 0.5, found.factor) < 0.01


def test_a_blank_sheet_has_no_ink() -> None:
    """Neither way finds ink on a sheet of one grey level, whichever it is."""
    for level in range(0, 256, 15):
        ways = list(inks(np.full((60, 80), level / 255, np.float32)))
        assert ways
        for found in ways:
            assert found.mask.dtype == np.bool_
            assert not found.mask.any()


def lit(grey: Levels) -> Levels:
    """Lay a shadow across grey levels (H, W) that leaves a third of the light at the right."""
    return grey * np.linspace(1, 0.33, grey.shape[1], dtype=np.float32)


@pytest.mark.parametrize("darkness", [0.6, 0.8])
@pytest.mark.parametrize("is_shaded", [False, True])
def test_a_filled_disc_stays_filled(darkness: float, is_shaded: bool) -> None:
    """The middle of a disc is ink, although it is far from all paper."""
    grey = np.full((200, 200), 0.9, np.float32)
    cv2.circle(grey, (100, 100), 70, 0.9 - darkness, -1)
    found = next(inks(lit(grey) if is_shaded else grey))
    disc = np.hypot(*(np.indices((200, 200)) - 100)) < 66
    assert found.mask[disc].mean() > 0.99
    assert np.median(found.levels[disc]) > 0.5


@pytest.mark.parametrize("pen", [6, 14, 24])
def test_the_hole_of_a_zero_stays_open(pen: int) -> None:
    """The paper within a zero is paper, also in a shadow."""
    grey = 0.1 + 0.8 * cv2.resize(written(0, pen=pen), (200, 200))
    for levels in (grey, lit(grey)):
        found = next(inks(levels))
        assert not found.mask[95:105, 95:105].any()


def test_dark_paper_far_from_the_writing_is_not_filled() -> None:
    """A dark spot without ink around it is left as it is."""
    grey = np.ones((100, 200), np.float32)
    mask = np.zeros((100, 200), np.bool_)
    grey[40:60, 20:30], mask[40:60, 20:30] = 0, True
    grey[40:60, 140:160] = 0.2
    assert not filled_holes(grey, mask).any()


def test_holes_by_hand() -> None:
    """Of three rings only the one whose inside is nearer to the ring's level than to paper's."""
    grey = np.ones((60, 200), np.float32)
    mask = np.zeros((60, 200), np.bool_)
    for left, inside in ((10, 0.9), (70, 0.1), (130, 0.5)):
        grey[10:50, left : left + 40], mask[10:50, left : left + 40] = 0, True
        grey[16:44, left + 6 : left + 34], mask[16:44, left + 6 : left + 34] = inside, False
    expected = np.zeros_like(mask)
    expected[16:44, 76:104] = True
    np.testing.assert_array_equal(filled_holes(grey, mask), expected)


@pytest.mark.parametrize("inside", [0, 0.2, 0.55, 0.5625, 0.6, 0.9, 1])
def test_only_rings_with_a_dark_inside_may_have_holes(inside: float) -> None:
    """Where a hole is filled, it may have been one; a light inside is not looked at."""
    grey, mask = np.ones((60, 60), np.float32), np.zeros((60, 60), np.bool_)
    grey[10:50, 10:50], mask[10:50, 10:50] = 0.125, True
    grey[16:44, 16:44], mask[16:44, 16:44] = inside, False
    assert may_have_holes(grey, mask) == filled_holes(grey, mask).any() == (inside < 0.5625)
    assert not may_have_holes(grey, np.zeros_like(mask))


def test_small_dark_spots_are_no_holes() -> None:
    """Noise may be dark, and much of it, but no spot is large enough to be filled."""
    grey, mask = np.ones((60, 60), np.float32), np.zeros((60, 60), np.bool_)
    grey[10:50, 28:32], mask[10:50, 28:32] = 0.1, True
    grey[2:58:4, 4:24:4] = 0.1
    assert not may_have_holes(grey, mask)
    grey[20:30, 40:50] = 0.1
    assert may_have_holes(grey, mask)


def test_a_solid_shape_by_hand() -> None:
    """A disc of which the mask has only the edge is solid; a drawn circle is not."""
    away = np.hypot(*(np.indices((100, 100)) - 50))
    edge = (away < 40) & (away > 34)
    disc, circle = (np.where(inked, 0.2, 1).astype(np.float32) for inked in (away < 40, edge))
    assert is_solid(disc, edge)
    assert not is_solid(disc, away < 40)
    assert not is_solid(circle, edge)
    assert not is_solid(circle, np.zeros_like(edge))


def test_a_table_around_the_sheet_is_not_solid() -> None:
    """What covers half of a side is no shape, and in a photo a shadow is none either."""
    grey = np.full((100, 100), 0.1, np.float32)
    mask = np.zeros((100, 100), np.bool_)
    grey[10:90, 10:90] = 1
    grey[5:60, 40:46], mask[5:60, 40:46] = 0.1, True
    assert not is_solid(grey, mask)
    grey = np.linspace(0.5, 0.9, 100, dtype=np.float32)[:, np.newaxis] * np.ones(100, np.float32)
    grey[20:80, 20:80] = 0.1
    mask = np.zeros((100, 100), np.bool_)
    mask[20:24, 20:80] = True
    assert not is_solid(grey, mask)
