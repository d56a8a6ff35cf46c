"""What counts as a frame or a printed line: each measure from both sides, worked by hand."""

import numpy as np
import pytest

from pictures.box import Box
from pictures.frames import (
    contains,
    is_around,
    is_hollow,
    is_long_line,
    is_straight,
    without_frames,
)

SIZE = (200, 160)
WRITING = Box(60, 40, 100, 100)  # 40 wide, 60 high
AT_THE_RIGHT, AT_THE_LEFT = Box(150, 40, 195, 100), Box(5, 40, 50, 100)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (Box(1, 100, 41, 103), True),  # below, from the border
        (Box(2, 100, 42, 103), False),
        (Box(1, 99, 41, 102), False),  # not quite below
        (Box(159, 100, 199, 103), True),  # below, to the border
        (Box(158, 100, 198, 103), False),
        (Box(1, 37, 41, 40), True),  # above
        (Box(1, 38, 41, 41), False),
        (Box(60, 100, 125, 103), True),  # longer than 1.6 * 40
        (Box(60, 100, 124, 103), False),
        (Box(1, 100, 5, 104), True),  # as high as wide
        (Box(1, 100, 5, 105), False),  # upright, so perhaps a one
    ],
)
def test_a_line_below_or_above_is_printed_if_long(line: Box, expected: bool) -> None:
    """It reaches the border or is longer than the writing; below means not beside."""
    assert is_around(line, WRITING, SIZE) is expected


@pytest.mark.parametrize(
    ("line", "writing", "expected"),
    [
        (Box(51, 60, 111, 63), WRITING, True),  # 0.15 * 60 before the writing
        (Box(52, 60, 112, 63), WRITING, False),
        (Box(49, 60, 109, 63), WRITING, True),  # 0.15 * 60 after it
        (Box(48, 60, 108, 63), WRITING, False),
        (Box(100, 60, 199, 63), AT_THE_RIGHT, True),  # no room after it, but to the border
        (Box(100, 60, 198, 63), AT_THE_RIGHT, False),
        (Box(1, 60, 100, 63), AT_THE_LEFT, True),
        (Box(2, 60, 100, 63), AT_THE_LEFT, False),
        (Box(0, 60, 200, 63), Box(5, 40, 195, 100), False),  # goes further at neither end
    ],
)
def test_a_line_through_goes_further_at_both_ends(line: Box, writing: Box, expected: bool) -> None:
    """It does, or reaches the border there, whether it runs across or down."""
    assert is_around(line, writing, SIZE) is expected
    assert is_around(line.turned(), writing.turned(), SIZE[::-1]) is expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (Box(26, 52, 54, 108), True),
        (Box(27, 52, 54, 108), False),
        (Box(26, 53, 54, 108), False),
        (Box(26, 52, 53, 108), False),
        (Box(26, 52, 54, 107), False),
    ],
)
def test_writing_sticks_out_of_its_frame_by_a_share(frame: Box, expected: bool) -> None:
    """Of writing 40 wide and 80 high, 6 and 12 pixels may be outside, at each side."""
    writing = Box(20, 40, 60, 120)
    assert contains(frame, writing) is is_around(frame, writing, SIZE) is expected


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (181, 16, True),  # 0.1 * 100 + 0.035 * 181 = 16.3
        (181, 17, False),
        (200, 17, True),  # 0.1 * 100 + 0.035 * 200
        (180, 10, False),  # not more than 0.9 of 200
        (13, 91, True),  # 0.1 * 100 + 0.035 * 91 = 13.2
        (14, 91, False),
        (10, 90, False),
    ],
)
def test_a_long_line_is_thin(width: int, height: int, expected: bool) -> None:
    """Its box may be as broad as the line and its tilt make it, in a picture of 200x100."""
    assert is_long_line(Box(5, 5, 5 + width, 5 + height), (200, 100)) is expected


@pytest.mark.parametrize(
    ("width", "height", "pixel", "expected"),
    [
        (29, 57, (0, 0), True),
        (28, 57, (0, 0), False),
        (29, 56, (0, 0), False),
        (29, 57, (20, 10), False),
        (29, 57, (59, 29), False),
        (29, 57, (19, 10), True),
        (29, 57, (20, 9), True),
        (29, 57, (60, 29), True),
        (29, 57, (59, 30), True),
    ],
)
def test_a_hollow_frame_leaves_the_middle_free(
    width: int, height: int, pixel: tuple[int, int], expected: bool
) -> None:
    """It takes over 0.7 of both sides of 40x80 pixels, and has no ink in the middle half."""
    mask = np.zeros((80, 40), np.bool_)
    mask[pixel] = True
    assert is_hollow(mask, Box(2, 3, 2 + width, 3 + height)) is expected


@pytest.mark.parametrize(("across", "down"), [(41, 21), (40, 20)])
def test_a_straight_piece_is_a_fifth_of_its_side(across: int, down: int) -> None:
    """In a picture 200 wide and 100 high, 41 pixels across are one, and 21 down: odd numbers."""
    for height, width in ((1, across), (down, 1)):
        mask = np.pad(np.ones((height, width), np.bool_), 5)
        assert is_straight(mask, (100, 200)) is (across == 41)


@pytest.mark.parametrize(("noise", "expected"), [(15, True), (16, False)])
def test_a_straight_component_has_little_else(noise: int, expected: bool) -> None:
    """85 of its 100 pixels are in lines, or more."""
    mask = np.zeros((60, 100), np.bool_)
    mask[0, 5:90] = True
    mask[50, 5 : 5 + 3 * noise : 3] = True
    assert is_straight(mask, (100, 105)) is expected


@pytest.mark.parametrize(
    ("writing", "line", "is_printed"),
    [
        (20, (slice(50, 95), slice(70, 72)), True),  # 0.3 of 150 down
        (20, (slice(50, 94), slice(70, 72)), False),
        (19, (slice(50, 95), slice(70, 72)), False),  # the block is no writing
        (20, (slice(100, 102), slice(0, 30)), True),  # 0.3 of 100 across
        (20, (slice(100, 102), slice(0, 29)), False),
    ],
)
def test_a_line_has_a_least_length(
    writing: int, line: tuple[slice, slice], is_printed: bool
) -> None:
    """It is a share of the side along which it runs; what it is printed for has a size too."""
    sheet = np.zeros((150, 100), np.bool_)
    sheet[60 : 60 + writing, 40:60] = True
    lined = sheet.copy()
    lined[line] = True
    np.testing.assert_array_equal(without_frames(lined), sheet if is_printed else lined)


@pytest.mark.parametrize(
    ("count", "length", "gap", "is_printed"),
    [(4, 19, 6, True), (4, 19, 7, False), (3, 24, 6, False)],
)
@pytest.mark.parametrize("is_upright", [False, True])
def test_a_dashed_line_has_short_gaps(
    count: int, length: int, gap: int, is_printed: bool, is_upright: bool
) -> None:
    """Gaps are up to 0.06 of 100 pixels, and a block and three dashes are too few to be one."""
    sheet = np.zeros((100, 150), np.bool_)
    sheet[40:60, 65:85] = True
    lined = sheet.copy()
    for left in range(20, 20 + count * (length + gap), length + gap):
        lined[70:72, left : left + length] = True
    if is_upright:
        lined, sheet = lined.T, sheet.T
    np.testing.assert_array_equal(without_frames(lined), sheet if is_printed else lined)


def test_a_line_down_to_the_border_is_printed() -> None:
    """It begins further up than the writing beside it and ends with the sheet, which is high."""
    sheet = np.zeros((100, 150), np.bool_)
    sheet[50:99, 65:85] = True
    lined = sheet.copy()
    lined[5:100, 30:33] = True
    np.testing.assert_array_equal(without_frames(lined), sheet)
    np.testing.assert_array_equal(without_frames(lined.T), sheet.T)


@pytest.mark.parametrize(("height", "stays"), [(180, True), (181, False)])
def test_of_two_lines_alone_only_a_very_long_one_goes(height: int, stays: bool) -> None:
    """Both may be ones, unless one is longer than 0.9 of the side along which it runs."""
    inner, outer = np.zeros((200, 100), np.bool_), np.zeros((200, 100), np.bool_)
    inner[20:180, 40:43] = True
    outer[10 : 10 + height, 80:83] = True
    found = without_frames(inner | outer)
    np.testing.assert_array_equal(found, inner | outer if stays else inner)


@pytest.mark.parametrize("turns", range(4))
def test_of_two_long_lines_the_one_further_out_goes(turns: int) -> None:
    """One is 0.94 of the way from the middle to a side, the other 0.93 of it to the ends."""
    outer, inner = np.zeros((200, 100), np.bool_), np.zeros((200, 100), np.bool_)
    outer[8:192, 94:97] = True
    inner[7:193, 60:63] = True
    found = without_frames(np.rot90(outer | inner, turns))
    np.testing.assert_array_equal(found, np.rot90(inner, turns))
