"""Check that the layout and the shapes of a picture can be those of a row of digits.

No network has looked at it yet. Each check returns a reason, which is shown as
"no digit: <reason>", or "" if the picture passes.
"""

from itertools import pairwise

import numpy as np

from pictures.arrays import Mask, UInt8Array
from pictures.box import Box

MIN_HEIGHT = 0.04  # of the picture's longer side, for the longer side of its largest digit
MAX_DIGITS = 20
MAX_ASPECT = 2.0  # width to height: no digit in MNIST is as wide
MAX_FILL = 0.8  # of the box around a digit
MIN_FILLED_ASPECT = 0.5  # width to height; a narrower shape may be a one, which fills its box


def layout_reason(mask: Mask, boxes: list[Box]) -> str:
    """Check that a picture holds one row of digits.

    Args:
        mask: (H, W), all of the picture's ink.
        boxes: around the groups of components that may be digits, left to right.
    """
    if not mask.any():
        return "the sheet is blank"
    max_side = max((max(box.width, box.height) for box in boxes), default=0)
    if max_side < MIN_HEIGHT * max(mask.shape):
        return "the sheet is blank except for small specks"
    if len(boxes) > MAX_DIGITS:
        return f"found {len(boxes)} separate shapes, expected at most {MAX_DIGITS} digits"
    if not are_in_one_row(boxes):
        return "the writing is in several rows, expected a single row"
    if any(box.width > MAX_ASPECT * box.height for box in boxes):
        return "the writing is too wide for a digit"
    return ""


def are_in_one_row(boxes: list[Box]) -> bool:
    """Return whether each box, left to right, shares some height with the box before it."""
    return all(
        max(one.top, other.top) < min(one.bottom, other.bottom) for one, other in pairwise(boxes)
    )


def solid_reason(is_solid: bool) -> str:
    """Check that the ink is not a part of a solid shape."""
    return "the writing is a filled shape" if is_solid else ""


def shape_reason(images: list[UInt8Array]) -> str:
    """Check that none of the 28x28 images shows a filled shape."""
    return "the writing is a filled shape" if any(map(is_filled_shape, images)) else ""


def is_filled_shape(image: UInt8Array) -> bool:
    """Return whether the shape in an image (28, 28) is filled and wider than a one."""
    rows, columns = np.nonzero(image > 127)
    if not rows.size:  # thin strokes of a large drawing, for example
        return False
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    return bool(width > MIN_FILLED_ASPECT * height and len(rows) > MAX_FILL * height * width)
