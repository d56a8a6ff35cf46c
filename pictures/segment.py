"""Find the digits in the grey levels of a picture: ink, mask, components, then 28x28 images."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pictures.arrays import Levels, Mask, UInt8Array
from pictures.background import Ink, inks
from pictures.box import Box
from pictures.components import bounding_box, find_components, group_components
from pictures.connected import inked_box, labelled
from pictures.frames import without_frames
from pictures.ink import paper_noise
from pictures.layout import layout_reason, shape_reason, solid_reason
from pictures.lines import stick_out, without_touching_lines
from pictures.normalise import BOX_SIDE, EDGE_LEVEL, SIDE, is_mnist_form, normalised
from pictures.ruled_lines import without_ruled_lines

MAX_BACKGROUND = 0.3  # the median level of a picture that is white on black
# Of a digit's longer side, kept around the digit: normalising widens a stroke by at most 0.095.
MARGIN = 0.1


class Digit(NamedTuple):
    """One digit of a picture, not yet classified."""

    box: Box  # in pixels of the grey levels
    image: UInt8Array  # (28, 28)


class Steps(NamedTuple):
    """The steps from grey levels to digits, each (H, W); all but `grey` may be enlarged."""

    grey: Levels
    ink: Levels
    mask: Mask
    writing: Mask  # the mask without frames and lines
    components: Mask  # the writing without noise
    boxes: list[Box]  # of the components that may be digits, in pixels of the ink
    factor: int  # by how much ink and masks are larger than `grey`
    is_mnist_form: bool  # the picture is used as it is
    digits: list[Digit]  # left to right; empty if the picture is rejected
    reason: str = ""  # from pictures.layout, "" if the picture is not rejected here


def attempts(grey: Levels) -> Iterator[Iterator[Steps]]:
    """Yield ways to find the digits in grey levels (H, W), the likeliest first.

    There is more than one where the ink may be dark or light, or the picture may be used as it is.
    Each may have two variants, one of them without the lines that touch the writing. The second is
    for pictures in which the first finds no digit.
    """
    if is_mnist_form(grey):
        yield iter([_steps_as_it_is(grey, is_mnist_form=True)])
        return
    for ink in inks(grey):
        yield _variants(grey, ink)
    is_white_on_black = np.median(grey) < MAX_BACKGROUND and np.ptp(grey) > EDGE_LEVEL
    if grey.shape == (SIDE, SIDE) and is_white_on_black:
        yield iter([_steps_as_it_is(grey, is_mnist_form=False)])


def _variants(grey: Levels, ink: Ink) -> Iterator[Steps]:
    unframed = without_frames(ink.mask)
    cut = without_touching_lines(unframed)
    masks = [unframed, cut] if (cut != unframed).any() else [unframed]
    if stick_out(unframed & ~cut, cut):
        masks.reverse()
    return (_steps(grey, ink, mask) for mask in masks)


def find_digits(grey: Levels) -> Steps:
    """Find the digits in grey levels (H, W), or the reason why the picture holds none."""
    return next(next(attempts(grey)))


def _steps(grey: Levels, ink: Ink, unframed: Mask) -> Steps:
    """Find the digits in a mask without frames."""
    writing = without_ruled_lines(unframed, ink.levels)
    components = find_components(writing)
    groups = group_components(components.boxes)
    boxes = [bounding_box(components.boxes, group) for group in groups]
    grouped = labelled(components.labels, [label for group in groups for label in group])

    steps = Steps(grey, *ink[:2], writing, grouped, boxes, ink.factor, False, [])
    if reason := layout_reason(ink.mask, boxes) or solid_reason(ink.is_solid):
        return steps._replace(reason=reason)
    paper, _ = paper_noise(ink.levels)
    digits = [
        cut_out(ink.levels, labelled(components.labels, group), ink.factor, paper)
        for group in groups
    ]
    if reason := shape_reason([digit.image for digit in digits]):
        return steps._replace(reason=reason)
    return steps._replace(digits=digits)


def _steps_as_it_is(grey: Levels, is_mnist_form: bool) -> Steps:
    """Return the steps of a picture of 28x28 pixels, white on black, that is used as it is."""
    margin = (SIDE - BOX_SIDE) // 2
    box = Box(margin, margin, SIDE - margin, SIDE - margin)
    image = np.rint(grey * 255).astype(np.uint8)
    mask = grey > EDGE_LEVEL
    return Steps(grey, grey, mask, mask, mask, [], 1, is_mnist_form, [Digit(box, image)])


def cut_out(ink: Levels, mask: Mask, factor: int, paper: float) -> Digit:
    """Cut one digit's own mask (H, W) out of the ink, with a margin, and normalise it.

    The mask has ink; ink and mask are larger than the picture by the factor. `paper` is the ink
    level of empty paper.
    """
    box = inked_box(mask)
    margin = round(max(box.width, box.height) * MARGIN) + 6  # full_range softens the edge
    height, width = ink.shape
    top, bottom = max(0, box.top - margin), min(height, box.bottom + margin)
    left, right = max(0, box.left - margin), min(width, box.right + margin)
    missing = (  # where the picture ends within the margin
        (top - box.top + margin, box.bottom + margin - bottom),
        (left - box.left + margin, box.right + margin - right),
    )
    window = slice(top, bottom), slice(left, right)
    image = normalised(np.pad(ink[window], missing), np.pad(mask[window], missing), paper)
    return Digit(Box(*(round(value / factor) for value in box)), image)
