"""Find the digits in the grey levels of a picture: ink, mask, components, then 28x28 images."""

from typing import NamedTuple

import cv2
import numpy as np

from app.arrays import Levels, Mask, UInt8Array
from app.components import Box, Components, bounding_box, find_components, group_components
from app.ink import flattened, ink_mask, ink_threshold, is_dark_on_light, paper_noise
from app.normalise import BOX_SIDE, EDGE_LEVEL, SIDE, is_mnist_form, normalised
from app.rejection import layout_reason, shape_reason
from app.ruled_lines import without_ruled_lines

# Smaller pictures are enlarged, so that strokes are several pixels wide: 28 pixels become 112.
MIN_LONGER_SIDE = 112
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
    components: Mask  # the mask without ruled lines and noise
    digits: list[Digit]  # left to right; empty if the picture is rejected
    reason: str = ""  # from app.rejection, "" if the picture is not rejected here


def find_digits(grey: Levels) -> Steps:
    """Find the digits in grey levels (H, W), or the reason why the picture holds none."""
    if is_mnist_form(grey):
        return _steps_of_mnist_form(grey)
    factor = max(1, -(-MIN_LONGER_SIDE // max(grey.shape)))
    large = enlarged(grey, factor)
    ink = flattened(large, is_dark_on_light(large))
    threshold = ink_threshold(ink)
    mask = np.zeros(ink.shape, np.bool_) if threshold is None else ink_mask(ink, threshold)
    components = find_components(without_ruled_lines(mask, ink))
    groups = group_components(components.boxes)
    boxes = [bounding_box(components.boxes, group) for group in groups]
    grouped = np.isin(components.labels, [label for group in groups for label in group])

    steps = Steps(grey, ink, mask, grouped, [])
    if reason := layout_reason(mask, boxes):
        return steps._replace(reason=reason)
    paper, _ = paper_noise(ink)
    images = [
        _image(ink, components, group, box, paper) for group, box in zip(groups, boxes, strict=True)
    ]
    if reason := shape_reason(images):
        return steps._replace(reason=reason)
    return steps._replace(
        digits=[
            Digit(Box(*(round(value / factor) for value in box)), image)
            for box, image in zip(boxes, images, strict=True)
        ]
    )


def _steps_of_mnist_form(grey: Levels) -> Steps:
    """Return the steps of a picture in MNIST's form, which is used as it is."""
    margin = (SIDE - BOX_SIDE) // 2
    box = Box(margin, margin, SIDE - margin, SIDE - margin)
    image = np.rint(grey * 255).astype(np.uint8)
    mask = grey > EDGE_LEVEL
    return Steps(grey, grey, mask, mask, [Digit(box, image)])


def enlarged(grey: Levels, factor: int) -> Levels:
    """Enlarge grey levels (H, W) by a whole factor, smoothly."""
    if factor == 1:
        return grey
    larger = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.clip(larger, 0, 1)


def _image(
    ink: Levels, components: Components, group: list[int], box: Box, paper: float
) -> UInt8Array:
    """Cut one group of components out of the ink, with a margin, and normalise it."""
    margin = round(max(box.width, box.height) * MARGIN) + 6  # full_range softens the edge
    height, width = ink.shape
    top, bottom = max(0, box.top - margin), min(height, box.bottom + margin)
    left, right = max(0, box.left - margin), min(width, box.right + margin)
    missing = (  # where the picture ends within the margin
        (top - box.top + margin, box.bottom + margin - bottom),
        (left - box.left + margin, box.right + margin - right),
    )
    window = slice(top, bottom), slice(left, right)
    own_mask = np.pad(np.isin(components.labels[window], group), missing)
    return normalised(np.pad(ink[window], missing), own_mask, paper)
