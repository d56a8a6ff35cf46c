import cv2
import numpy as np
import pytest

from pictures.frames import without_frames
from pictures.lines import stick_out, without_touching_lines
from tests.app.conftest import STROKES
from tests.pictures.test_frames import digit, lines


def test_a_touching_line_is_cut_only_if_it_is_long() -> None:
    """Two strokes of a letter are no print; a line through most of the picture is one."""
    letter = lines(((30, 30), (30, 102)), ((30, 102), (102, 102)), thickness=6)
    np.testing.assert_array_equal(without_touching_lines(letter), letter)
    mask = digit(8) | lines(((10, 100), (130, 100)))
    assert not without_touching_lines(mask)[:, :30].any()


@pytest.mark.parametrize("name", [0, 4, 6, 8, 9])
def test_a_frame_that_a_digit_touches_is_cut_off(name: int) -> None:
    """What remains is the digit, but for the pixels at which it meets the line."""
    touching = np.roll(digit(name), 14, axis=0)  # the lowest stroke stands on the frame
    mask = touching | lines(((6, 126), (133, 126)))
    assert cv2.connectedComponents(mask.astype(np.uint8))[0] == 2
    np.testing.assert_array_equal(without_frames(mask), mask)
    found = without_touching_lines(mask)
    assert (found != touching).sum() < 0.05 * touching.sum()


@pytest.mark.parametrize("name", [0, 4, 6, 9])
@pytest.mark.parametrize("row", [45, 95])
def test_strokes_across_a_line_stay(name: int, row: int) -> None:
    """A line through a digit is removed, and the digit still hangs together."""
    mask = digit(name) | lines(((0, row), (139, row)))
    found = without_touching_lines(mask)
    assert not found[:, :30].any()
    assert not found[:, 110:].any()
    assert cv2.connectedComponents(found.astype(np.uint8))[0] == 2
    assert (found & digit(name)).sum() > 0.97 * digit(name).sum()


def test_strokes_across_an_upright_line_stay() -> None:
    """Columns are treated as rows are."""
    mask = digit(3) | lines(((64, 0), (64, 139)))
    np.testing.assert_array_equal(without_touching_lines(mask), without_touching_lines(mask.T).T)
    assert not without_touching_lines(mask)[:20].any()
    assert (without_touching_lines(mask) & digit(3)).sum() > 0.9 * digit(3).sum()


@pytest.mark.parametrize("name", STROKES)
def test_only_printed_lines_stick_out(name: int) -> None:
    """A line that a digit stands on goes further than the digit; a digit's own strokes do not."""
    line = lines(((6, 110), (133, 110)))
    assert stick_out(line & ~digit(name), digit(name) & ~line)
    own = digit(name) & ~without_touching_lines(digit(name))
    assert not stick_out(own, without_touching_lines(digit(name)))
