import cv2
import numpy as np
import pytest

from pictures.arrays import Mask
from pictures.frames import without_frames
from tests.app.conftest import STROKES, drawn

SIDE = 140
Line = tuple[tuple[int, int], tuple[int, int]]
TOP: Line = ((6, 6), (133, 6))
RIGHT: Line = ((133, 6), (133, 133))
BOTTOM: Line = ((6, 133), (133, 133))
LEFT: Line = ((6, 6), (6, 133))
FRAME = (TOP, RIGHT, BOTTOM, LEFT)


def lines(*ends: Line, thickness: int = 3) -> Mask:
    """Return a mask (140, 140) of straight lines."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for start, end in ends:
        cv2.line(mask, start, end, 1, thickness)
    return mask > 0


def dashed(*ends: Line) -> Mask:
    """Return a mask of lines of which 3 of every 10 pixels are missing."""
    rows, columns = np.indices((SIDE, SIDE))
    return np.asarray(lines(*ends) & ((rows + columns) % 10 < 7))


def digit(name: int, pen: int = 8) -> Mask:
    """Return a mask (140, 140) with a digit of 80 pixels in the middle."""
    ink = np.asarray(drawn(name, pen=pen).convert("L")) < 128
    return np.pad(ink, (SIDE - 100) // 2)


def turned(mask: Mask, degrees: float) -> Mask:
    """Turn a mask around its middle."""
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), degrees, 1)
    return cv2.warpAffine(mask.astype(np.uint8), matrix, mask.shape) > 0


@pytest.mark.parametrize("name", STROKES)
@pytest.mark.parametrize(
    "printed",
    [
        lines(*FRAME),
        lines(*FRAME, thickness=7),
        lines(TOP, RIGHT),  # an L of two sides
        lines(LEFT),
        lines(((0, 130), (139, 130))),  # an underline
        dashed(*FRAME),
    ],
    ids=["frame", "thick", "two-sides", "one-side", "underline", "dashed"],
)
def test_what_is_printed_around_a_digit_goes(printed: Mask, name: int) -> None:
    """Frames and lines are removed, and not one pixel of the digit."""
    np.testing.assert_array_equal(without_frames(digit(name) | printed), digit(name))


@pytest.mark.parametrize("name", [0, 2, 3, 5, 6, 8, 9])
@pytest.mark.parametrize("ends", [((25, 130), (115, 130)), ((45, 130), (139, 130))])
def test_a_short_underline_goes(ends: Line, name: int) -> None:
    """A line hardly longer than the digit above it is removed, also if the picture cuts it off."""
    np.testing.assert_array_equal(without_frames(digit(name) | lines(ends)), digit(name))


def test_a_frame_around_a_row_goes() -> None:
    """A frame is found that has hardly more room than the digits in it."""
    row = np.hstack([digit(name)[20:120, 38:102] for name in (3, 8, 6)])
    row = np.pad(row, ((0, 0), (3, 0)))
    framed = row.copy()
    framed[[0, 1, -1]] = framed[:, [0, 1, -1]] = True
    np.testing.assert_array_equal(without_frames(framed), row)


@pytest.mark.parametrize("degrees", [-2, 1, 2])
def test_a_slanting_frame_goes(degrees: float) -> None:
    """A frame that was photographed or scanned a little askew is found."""
    found = without_frames(turned(digit(5) | lines(*FRAME, thickness=1), degrees))
    np.testing.assert_array_equal(found, turned(digit(5), degrees))


@pytest.mark.parametrize("name", STROKES)
def test_a_digit_alone_stays(name: int) -> None:
    """Nothing is removed from a clean sheet, also if it is cropped to the digit."""
    tight = digit(name)[26:114, 38:102]
    np.testing.assert_array_equal(without_frames(digit(name)), digit(name))
    np.testing.assert_array_equal(without_frames(tight), tight)


def test_a_one_stays_beside_a_zero() -> None:
    """A straight stroke that is as tall as the digit beside it is a one."""
    row = np.hstack([digit(1)[20:120, 50:90], digit(0)[20:120, 30:110]])
    np.testing.assert_array_equal(without_frames(row), row)
    np.testing.assert_array_equal(without_frames(row[:, ::-1]), row[:, ::-1])


def test_a_four_stays_beside_a_smaller_zero() -> None:
    """Two straight strokes are no corner of a frame where a slanting one hangs on them."""
    four = lines(((70, 20), (30, 90)), ((30, 90), (90, 90)), ((70, 20), (70, 120)), thickness=7)
    smaller = np.pad(digit(0)[::2, ::2], ((35, 35), (0, 0)))
    row = np.hstack([four, smaller])
    np.testing.assert_array_equal(without_frames(row), row)


def test_a_one_with_a_speck_stays() -> None:
    """Noise is no writing that the line beside it could be printed for."""
    sheet = digit(1)
    sheet[70:73, 30:33] = True
    np.testing.assert_array_equal(without_frames(sheet), sheet)


def test_the_bar_of_a_five_stays() -> None:
    """A bar that touches nothing, but is no wider than the digit below it, is a stroke of it."""
    body = lines(((50, 40), (48, 70)), ((48, 70), (80, 78)), ((80, 78), (84, 106)), thickness=6)
    body |= lines(((84, 106), (44, 112)), thickness=6)
    five = (body | lines(((54, 30), (90, 30)), thickness=6))[16:124, 30:110]
    np.testing.assert_array_equal(without_frames(five), five)


def test_an_empty_frame_goes() -> None:
    """A cell that nothing was written in is blank; a single stroke may be a one, and stays."""
    assert not without_frames(lines(*FRAME)).any()
    stroke = lines(((70, 20), (70, 120)), thickness=6)
    np.testing.assert_array_equal(without_frames(stroke), stroke)
