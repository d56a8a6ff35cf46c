import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pictures.arrays import Mask
from pictures.box import Box
from pictures.components import bounding_box, find_components, group_components
from pictures.connected import inked_box
from tests.pictures.anything import masks


def _mask(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((100, 200), np.bool_)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return mask


def test_noise_is_removed() -> None:
    """Two components of 50 pixels stay, a speck of 3 pixels is removed."""
    found = find_components(_mask((20, 20, 30, 70), (60, 20, 70, 70), (100, 50, 103, 53)))
    assert sorted(found.boxes.values()) == [(20, 20, 30, 70), (60, 20, 70, 70)]


def test_objects_at_the_border_are_removed() -> None:
    """An object along the border is removed; a cropped one is too if a digit is inside."""
    edge, cropped, digit = (0, 0, 12, 100), (100, 0, 110, 70), (60, 20, 90, 80)
    assert list(find_components(_mask(edge, cropped, digit)).boxes.values()) == [digit]
    assert list(find_components(_mask(edge, cropped)).boxes.values()) == [cropped]


@pytest.mark.parametrize(
    "strip",
    [(0, 0, 14, 100), (186, 0, 200, 100), (0, 0, 200, 14), (0, 86, 200, 100), (0, 0, 60, 10)],
)
def test_strips_along_the_border_are_removed(strip: tuple[int, int, int, int]) -> None:
    """A shadow's or a table's edge is no digit, not even if nothing else is there."""
    assert find_components(_mask(strip)).boxes == {}


@pytest.mark.parametrize(
    "digit", [(60, 30, 100, 100), (60, 0, 100, 70), (0, 20, 40, 90), (160, 20, 200, 90)]
)
def test_a_digit_that_the_border_cuts_stays(digit: tuple[int, int, int, int]) -> None:
    """What goes well into the picture is read, although a side of it lies on the border."""
    mask = _mask(digit)
    left, top, right, bottom = digit
    mask[top + 10 : bottom - 10, left + 10 : right - 10] = False
    assert list(find_components(mask).boxes.values()) == [digit]


@pytest.mark.parametrize(
    "scrap", [(150, 0, 180, 30), (185, 10, 200, 45), (90, 75, 120, 100), (0, 40, 12, 60)]
)
def test_scraps_of_other_writing_are_removed(scrap: tuple[int, int, int, int]) -> None:
    """What the border cuts is not part of the digit that is whole."""
    digit = (50, 20, 80, 80)
    assert list(find_components(_mask(digit, scrap)).boxes.values()) == [digit]
    inner = (100, 40, 120, 70)
    assert sorted(find_components(_mask(digit, inner)).boxes.values()) == [digit, inner]


@pytest.mark.parametrize(
    ("boxes", "groups"),
    [
        # two digits side by side, given right to left
        ([(60, 10, 80, 60), (10, 10, 30, 60)], [[2], [1]]),
        # the bar of a five, above its body
        ([(10, 30, 40, 80), (15, 20, 50, 26)], [[1, 2]]),
        # the vertical stroke of a four, beside its angle and partly above it
        ([(10, 10, 40, 45), (28, 20, 34, 80)], [[1, 2]]),
        # a small piece near the second digit, and one far from both
        ([(10, 10, 30, 60), (60, 10, 80, 60), (84, 40, 90, 50), (150, 90, 158, 98)], [[1], [2, 3]]),
        # a small piece on the second digit, a pixel away from the first
        ([(10, 10, 30, 60), (40, 10, 60, 60), (31, 30, 41, 40)], [[1], [2, 3]]),
        ([], []),
    ],
)
def test_groups_by_hand(boxes: list[tuple[int, int, int, int]], groups: list[list[int]]) -> None:
    """The components of one digit form a group; the groups come left to right."""
    assert group_components({label: Box(*box) for label, box in enumerate(boxes, 1)}) == groups


BOXES = st.builds(
    lambda left, top, width, height: Box(left, top, left + width, top + height),
    *(st.integers(0, 80), st.integers(0, 80), st.integers(1, 60), st.integers(1, 60)),
)


@given(boxes=st.lists(BOXES, min_size=1, max_size=8))
@example(boxes=[Box(0, 0, 10, 20), Box(50, 0, 60, 10)])
def test_each_component_is_of_one_digit_at_most(boxes: list[Box]) -> None:
    """No component is used twice, none that is half as tall as the tallest is lost.

    The digits come left to right, by their tall components.
    """
    known = dict(enumerate(boxes, 1))
    groups = group_components(known)
    used = [label for group in groups for label in group]
    assert len(used) == len({*used})
    tall = {label for label, box in known.items() if 2 * box.height >= max(b.height for b in boxes)}
    assert tall <= {*used}
    lefts = [min(known[label].left for label in tall & {*group}) for group in groups]
    assert lefts == sorted(lefts)


@given(boxes=st.lists(BOXES, min_size=1, max_size=8))
def test_a_bounding_box_is_the_smallest_around_all(boxes: list[Box]) -> None:
    """Painted on a sheet, the boxes have ink along each side of it, and none beyond."""
    sheet = np.zeros((150, 150), np.bool_)
    for left, top, right, bottom in boxes:
        sheet[top:bottom, left:right] = True
    known = dict(enumerate(boxes))
    assert bounding_box(known, [*known]) == inked_box(sheet)


@given(mask=masks(120))
def test_each_box_is_that_of_its_component(mask: Mask) -> None:
    """The pixels of a label end where its box says, whatever the mask."""
    labels, boxes = find_components(mask)
    for label, box in boxes.items():
        assert inked_box(labels == label) == box


@pytest.mark.parametrize(
    ("piece", "is_near"),
    [
        ((70, 10, 75, 15), True),  # 10 pixels to the right of a digit of 40, a quarter
        ((71, 10, 76, 15), False),
        ((35, 10, 40, 15), True),
        ((34, 10, 39, 15), False),
        ((55, 60, 60, 79), True),
        ((55, 61, 60, 79), False),
        ((55, -5, 60, 0), True),
        ((55, -6, 60, -1), False),
        ((55, 61, 60, 81), False),  # as tall as half of the digit, and too far below
        ((55, 60, 60, 80), True),
        ((56, 60, 66, 80), False),  # 4 of its 10 columns are below the digit
        ((55, 60, 65, 80), True),
        ((44, 60, 54, 80), False),
        ((45, 60, 55, 80), True),
    ],
)
def test_pieces_at_the_limits(piece: tuple[int, int, int, int], is_near: bool) -> None:
    """A piece of a digit is at most a quarter of the height away, and a tall one also above it."""
    groups = group_components({1: Box(50, 10, 60, 50), 2: Box(*piece)})
    assert ({1, 2} in [{*group} for group in groups]) == is_near


@pytest.mark.parametrize(
    ("boxes", "kept"),
    [
        # noise is up to 6 pixels beside 50
        ([(60, 20, 70, 70), (100, 20, 106, 26), (120, 20, 127, 21), (140, 20, 141, 27)], "023"),
        # beside a whole digit of more than half the height, the cropped one goes
        ([(60, 0, 70, 60), (100, 50, 110, 80)], "01"),
        ([(60, 0, 70, 60), (100, 50, 110, 81)], "1"),
        # what ends within 2 pixels of the border touches it
        ([(60, 1, 70, 61), (100, 40, 110, 90)], "1"),
        ([(60, 2, 70, 62), (100, 40, 110, 90)], "01"),
        ([(60, 39, 70, 99), (100, 40, 110, 90)], "1"),
        ([(60, 38, 70, 98), (100, 40, 110, 90)], "01"),
        ([(1, 40, 11, 99), (100, 40, 110, 90)], "1"),
        ([(189, 30, 199, 90), (100, 40, 110, 90)], "1"),
        ([(188, 30, 198, 90), (100, 40, 110, 90)], "01"),
        ([(2, 30, 12, 90), (100, 40, 110, 90)], "01"),
        # a strip of 15 pixels is a shadow, a thicker one may be a digit
        ([(60, 0, 120, 15)], ""),
        ([(60, 0, 120, 16)], "0"),
        ([(60, 85, 120, 100)], ""),
        ([(60, 84, 120, 100)], "0"),
        ([(0, 20, 15, 80)], ""),
        ([(0, 20, 16, 80)], "0"),
        ([(185, 20, 200, 80)], ""),
        ([(184, 20, 200, 80)], "0"),
        # along nine tenths of a shape at the border
        ([(2, 5, 14, 95), (0, 5, 2, 86)], "0"),
        ([(2, 5, 14, 95), (0, 5, 2, 87)], ""),
        # with two digits cropped, one runs along the border by more than two fifths
        ([(60, 0, 84, 60), (100, 0, 125, 60)], "0"),
        ([(60, 0, 84, 60), (100, 0, 124, 60)], "01"),
        # what is alone stays, however flat
        ([(0, 50, 31, 51)], "0"),
    ],
)
def test_components_at_the_limits(boxes: list[tuple[int, int, int, int]], kept: str) -> None:
    """On a sheet of 200x100 pixels, what is noise or runs along the border goes."""
    expected = {boxes[int(index)][1:] for index in kept}
    found = find_components(_mask(*boxes)).boxes
    assert {box[1:] for box in found.values()} == expected


def test_a_whole_digit_of_a_quarter_of_the_sheet_is_enough() -> None:
    """On a sheet of 200 pixels, one of 51 outweighs a cropped one of three times its height."""
    for height, kept in ((50, 2), (51, 1)):
        mask = np.zeros((200, 100), np.bool_)
        mask[:150, 20:30] = mask[60 : 60 + height, 60:70] = True
        assert len(find_components(mask).boxes) == kept


def test_on_a_small_sheet_a_digit_may_end_a_pixel_from_the_border() -> None:
    """Of 60 pixels 0.02 are one."""
    mask = np.zeros((60, 60), np.bool_)
    mask[10:50, 30:40] = mask[1:41, 50:59] = True
    assert len(find_components(mask).boxes) == 2
    mask[0, 50:59] = True
    assert len(find_components(mask).boxes) == 1
