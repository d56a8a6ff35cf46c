"""How much of a picture's ink the digits that were found account for."""

import cv2
import numpy as np

from app.marks import find_marks
from pictures.segment import Steps

MIN_LONG = 1.6  # width to height of a picture of a row
# A picture that is wider than high by this factor, and with so little of its ink in what was found,
# may be a row of which most was thrown away.
MIN_WIDE, MAX_LITTLE = 1.2, 0.5
MIN_COMPLETE = 0.97  # of the writing, which the components of the digits cover


def is_long(shape: tuple[int, ...]) -> bool:
    """Return whether a picture (H, W) has the form of a row."""
    return shape[1] > MIN_LONG * shape[0]


def lacks_much(steps: Steps) -> bool:
    """Return whether a picture is wide and has much more ink than what was found."""
    height, width = steps.mask.shape
    is_little = steps.components.sum() < MAX_LITTLE * steps.writing.sum()
    return bool(width > MIN_WIDE * height and is_little)


def is_complete(steps: Steps) -> bool:
    """Return whether each digit is one component, and nothing is left beside them."""
    count, _ = cv2.connectedComponents(steps.components.astype(np.uint8), connectivity=8)
    has_all = bool(steps.components.sum() >= MIN_COMPLETE * steps.writing.sum())
    rest, boxes = steps.writing & ~steps.components, [digit.box for digit in steps.digits]
    return has_all and count == len(boxes) + 1 and not find_marks(rest, boxes, steps.factor)
