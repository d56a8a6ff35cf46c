"""Decide whether a picture is rejected, and say why.

Each check returns a reason, which is shown as "no digit: <reason>", or "" if the picture passes.
app.segment checks the layout before it normalises the digits, and their shapes before a network
sees them. The reader then checks what the networks say; it may still read as a row what app.segment
rejects.
"""

from itertools import pairwise

import numpy as np

from app.arrays import Mask, Probabilities, UInt8Array
from app.box import Box

MIN_HEIGHT = 0.04  # of the picture's longer side, for the longer side of its largest digit
MAX_DIGITS = 20
MAX_LETTER_ASPECT = 1.8  # width to height of an M or a W
MAX_ASPECT = 2.0  # width to height: no digit in MNIST is as wide
MAX_FILL = 0.8  # of the box around a digit
MIN_FILLED_ASPECT = 0.5  # width to height; a narrower shape may be a one, which fills its box
# docs/own-digits.md says why; `python -m benchmarks.own_digits` measures the effect.
MIN_CONFIDENCE = 0.5
# The probability of no digit that a digit may have. In MNIST's form next to all are digits.
MAX_NONE, MAX_NONE_IN_MNIST_FORM = 0.8, 0.95
MIN_ROW_CONFIDENCE = 0.3
# Below this geometric mean of the probability that a digit of a row is one, and below this
# confidence, a row is none. A single component as narrow as two digits may be a letter: more is
# asked of it.
MIN_DIGITS, CONVINCING = 0.01, 0.6
MIN_DIGITS_IF_NARROW, CONVINCING_IF_NARROW, MIN_CONFIDENCE_IF_NARROW = 0.1, 0.9, 0.7


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


def none_reason(none: Probabilities, is_mnist_form: bool) -> str:
    """Check that nothing looks like no digit, given the probabilities (N,) of it."""
    limit = MAX_NONE_IN_MNIST_FORM if is_mnist_form else MAX_NONE
    return "the writing looks like no digit" if none.max() > limit else ""


def row_reason(confidence: float, none: Probabilities, boxes: list[Box]) -> str:
    """Check a row.

    Args:
        confidence: in all of its digits.
        none: (N,), the probabilities that they are no digits.
        boxes: around the components that the digits were found in.
    """
    is_narrow = len(boxes) == 1 and boxes[0].width < MAX_LETTER_ASPECT * boxes[0].height
    least = MIN_DIGITS_IF_NARROW if is_narrow else MIN_DIGITS
    convincing = CONVINCING_IF_NARROW if is_narrow else CONVINCING
    digits = float(np.exp(np.log(1 - none + 1e-6).mean()))
    is_letter = is_narrow and confidence < MIN_CONFIDENCE_IF_NARROW
    if is_letter or (digits < least and confidence < convincing):
        return "the writing looks like no row of digits"
    if confidence < MIN_ROW_CONFIDENCE:
        return f"several digits, but with only {100 * confidence:.0f} % confidence"
    return ""


def confidence_reason(probabilities: Probabilities) -> str:
    """Check that the model is confident enough of each digit, given (N, 10) with N at least 1."""
    least_sure = probabilities[probabilities.max(axis=1).argmin()]
    confidence = float(least_sure.max())
    if confidence >= MIN_CONFIDENCE:
        return ""
    return f"most likely a {least_sure.argmax()}, but with only {100 * confidence:.0f} % confidence"
