import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import ndimage

from pictures.arrays import Mask
from pictures.frames import without_frames
from pictures.lines import horizontal_runs, stick_out, without_touching_lines
from tests.app.conftest import STROKES
from tests.pictures.anything import masks
from tests.pictures.test_frames import digit, lines


def test_a_touching_line_is_cut_only_if_it_is_long() -> None:
    """Two strokes of a letter are no print; a line through most of the picture is one."""
    letter = lines(((30, 30), (30, 102)), ((30, 102), (102, 102)), thickness=6)
    np.testing.assert_array_equal(without_touching_lines(letter), letter)
    mask = digit(8) | lines(((10, 100), (130, 100)))
    assert not without_touching_lines(mask)[:, :30].any()


def all_runs(mask: Mask, share: float) -> Mask:
    """Return the thin runs of a mask (H, W), looked for in all rows and at all pixels."""
    height, width = mask.shape
    half = round(share * width) // 2
    tolerance = max(1, round(0.035 * (2 * half + 1) / 2))
    thick = ndimage.binary_dilation(mask, np.ones((2 * tolerance + 1, 1)))
    wide = np.pad(thick, ((0, 0), (half, half)), constant_values=True)
    opened = ndimage.binary_opening(wide, np.ones((1, 2 * half + 1)))[:, half : half + width]
    labels, _ = ndimage.label(opened, np.ones((3, 3)))
    for label, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        length = columns.stop - columns.start
        thickest = min(0.1 * min(height, width), length / 4) + 2 * tolerance
        if (labels == label).sum() > thickest * length:
            opened[rows, columns][labels[rows, columns] == label] = False
    return np.asarray(mask & opened)


def ink(shape: tuple[int, int], row: int, columns: slice) -> Mask:
    """Return a mask with ink in one row."""
    mask = np.zeros(shape, np.bool_)
    mask[row, columns] = True
    return mask


@st.composite
def lined(draw: st.DrawFn) -> Mask:
    """Give a mask (H, W) with straight lines on it, most of them nearly along the sides."""
    mask = draw(masks(140)).astype(np.uint8) * draw(st.booleans())
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = np.array(mask.shape[::-1])
    for _ in range(random.integers(1, 7)):
        start, end = random.integers(-5, size + 5, (2, 2))
        if (axis := int(random.integers(3))) < 2:
            end[axis] = start[axis] + random.integers(-3, 4)
        cv2.line(mask, start.tolist(), end.tolist(), 1, int(random.integers(1, 6)))
    return mask > 0


@given(mask=lined(), share=st.sampled_from([0.2, 0.3, 0.5]))
@example(mask=ink((12, 5), 0, slice(2, 3)), share=0.2)  # runs of one pixel
@example(mask=ink((30, 22), 10, slice(5, 16)), share=0.5)  # as long as a run must be
def test_no_run_is_missed(mask: Mask, share: float) -> None:
    """Lines are found wherever they begin and end, as if all pixels were looked at."""
    np.testing.assert_array_equal(horizontal_runs(mask, share, mask.shape), all_runs(mask, share))


@pytest.mark.parametrize(("width", "least"), [(24, 7), (28, 7), (32, 9)])
def test_a_run_is_found_from_end_to_end(width: int, least: int) -> None:
    """A quarter of the width, in odd numbers, is a run, and so is what is longer; nothing is lost.

    At a side the longer half of a run is enough.
    """
    for length in range(1, width):
        for left in (0, 9, width - length):
            row = ink((20, width), 10, slice(left, left + length))
            at_side = left == 0 or left + length >= width
            is_run = row.sum() >= (least // 2 + 1 if at_side else least)
            expected = row if is_run else np.zeros_like(row)
            np.testing.assert_array_equal(horizontal_runs(row, 0.25, row.shape), expected)


@given(mask=lined())
def test_a_mirrored_picture_gives_a_mirrored_result(mask: Mask) -> None:
    """Left and right, top and bottom, rows and columns are treated alike."""
    expected = without_touching_lines(mask)
    for way in (np.fliplr, np.flipud, np.transpose):
        mirrored = np.ascontiguousarray(way(mask))
        np.testing.assert_array_equal(without_touching_lines(mirrored), way(expected))


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


def turned_every_way(*masks: Mask) -> list[tuple[Mask, ...]]:
    """Return masks turned by 0 to 3 quarters, also mirrored."""
    pairs = [*masks], [mask.T for mask in masks]
    return [tuple(np.rot90(mask, turns) for mask in pair) for pair in pairs for turns in range(4)]


@pytest.mark.parametrize(
    ("size", "share", "width", "thickness"),
    [
        ((100, 102), 0.5, 60, 10),
        ((100, 105), 0.2, 24, 6),
        ((200, 102), 0.5, 60, 10),
        ((200, 174), 0.5, 100, 17),  # with two rows added above and below it
    ],
)
def test_a_run_is_thin(size: tuple[int, int], share: float, width: int, thickness: int) -> None:
    """It is at most a tenth of the shorter side thick, and a quarter of its own length."""
    for rows, is_run in ((thickness, True), (thickness + 1, False)):
        mask = np.zeros(size, np.bool_)
        mask[30 : 30 + rows, 20 : 20 + width] = True
        found = horizontal_runs(mask, share, size)
        np.testing.assert_array_equal(found, mask if is_run else np.zeros_like(mask))


@pytest.mark.parametrize(
    ("first", "last", "block", "is_cut"),
    [
        (45, 170, 60, False),  # 0.08 * 125 = 10 pixels further than the block, but not more
        (46, 171, 60, True),
        (49, 174, 60, True),
        (50, 175, 60, False),
        (1, 130, 5, True),  # from the border
        (2, 131, 5, False),
    ],
)
def test_a_printed_line_goes_further_than_the_writing(
    first: int, last: int, block: int, is_cut: bool
) -> None:
    """It does so at both ends, or reaches the border; the writing that it crosses stays whole.

    The writing begins and ends with a thin stroke. A burr at the end of the line is none of it.
    """
    writing, line = np.zeros((138, 242), np.bool_), np.zeros((138, 242), np.bool_)
    writing[40:101, [block, *range(block + 20, block + 80), block + 99]] = True
    line[70:73, first:last] = line[73:76, last - 7 : last - 4] = True
    for sheet, rest in turned_every_way(writing | line, writing):
        np.testing.assert_array_equal(without_touching_lines(sheet), rest if is_cut else sheet)


@pytest.mark.parametrize(
    ("left", "top", "first", "is_corner"),
    [
        (55, 3, 60, True),
        (54, 3, 60, False),
        (64, 3, 60, True),
        (65, 3, 60, False),
        (58, 2, 60, False),
        (0, 3, 4, True),
    ],
)
def test_a_printed_line_may_end_at_another(
    left: int, top: int, first: int, is_corner: bool
) -> None:
    """An upright line, of one pixel here, ends a line that it comes within five pixels of.

    The line is three pixels thick, and two more where the block stands on it. At its left end it
    goes no further than the writing, of which there is a block at the border too.
    """
    rest, line = np.zeros((242, 242), np.bool_), np.zeros((242, 242), np.bool_)
    rest[100:133, 100:150] = rest[200:220, :10] = True
    rest[top : top + 121, left] = True
    line[130:133, first:200] = True
    for sheet, expected in turned_every_way(rest | line, rest):
        found = without_touching_lines(sheet)
        np.testing.assert_array_equal(found, expected if is_corner else sheet)


@pytest.mark.parametrize(
    ("first", "last", "expected"), [(19, 101, True), (18, 101, False), (19, 102, False)]
)
def test_a_line_sticks_out_at_both_ends(first: int, last: int, expected: bool) -> None:
    """Of 100 pixels from end to end, more than 8 are beyond the rest at each, across or down."""
    line, rest = np.zeros((60, 140), np.bool_), np.zeros((60, 140), np.bool_)
    line[30, 10:111] = True
    rest[20:50, first : last + 1] = True
    assert stick_out(line, rest) is expected
    assert stick_out(line.T, rest.T) is expected
    assert not stick_out(line, np.zeros_like(rest))
    assert not stick_out(np.zeros_like(line), rest)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_line_of_loose_pieces_is_not_cut(step: int) -> None:
    """Pieces in every other row do not touch, although they lie along one line.

    The first would be printed by itself: it goes from the border beyond the writing.
    """
    rest = np.zeros((138, 242), np.bool_)
    rest[30:91, 8:38] = True
    lined = rest.copy()
    for index, left in enumerate(range(0, 242, 60)):
        lined[110 + index % 2 * step, left : left + 60] = True
    for sheet, expected in turned_every_way(lined, lined if step == 2 else rest):
        np.testing.assert_array_equal(without_touching_lines(sheet), expected)


def test_lines_along_the_border_and_across_each_other_are_cut_whole() -> None:
    """Nothing is left of them, where they cross neither, and nothing is added to the writing."""
    rest = np.zeros((200, 242), np.bool_)
    rest[:80, 100:160] = True
    lined = rest.copy()
    lined[:3] = lined[50:53] = lined[:, 20:23] = True
    for sheet, expected in turned_every_way(lined, rest):
        np.testing.assert_array_equal(without_touching_lines(sheet), expected)


@pytest.mark.parametrize(("height", "stays"), [(14, False), (15, True)])
def test_a_crumb_of_a_line_goes(height: int, stays: bool) -> None:
    """A bump on a line is a crumb if more than 0.8 of it lies along the line.

    Of a line of four rows these are 12, with two on each side for the tilt and two for the edge.
    """
    rest = np.zeros((138, 242), np.bool_)
    rest[30:110, 60:120] = True
    bumped = rest.copy()
    bumped[64 : 64 + height, 200:204] = True
    lined = bumped.copy()
    lined[70:74] = True
    for sheet, expected in turned_every_way(lined, bumped if stays else rest):
        np.testing.assert_array_equal(without_touching_lines(sheet), expected)


@pytest.mark.parametrize(("height", "stays"), [(10, False), (11, True)])
def test_a_stroke_across_a_line_is_taller_than_it(height: int, stays: bool) -> None:
    """By half of the line and three pixels more; else it is a part of the line.

    The line has 5 pixels for each of its columns: four rows, and four more across the writing. The
    stroke hangs by its end on the writing; of a shorter one what is two rows away is left.
    """
    rest = np.zeros((138, 242), np.bool_)
    rest[20:110, 60:120] = True
    rest[74 - height, 120:150] = rest[74 - height : 74, 150:154] = True
    lined = rest.copy()
    lined[70:74] = True
    if not stays:
        rest[68:74, 120:] = False
    for sheet, expected in turned_every_way(lined, rest):
        np.testing.assert_array_equal(without_touching_lines(sheet), expected)
