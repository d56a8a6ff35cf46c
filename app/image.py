"""From any picture to what the model knows: 28x28, white on black, as MNIST's digits were made.

http://yann.lecun.com/exdb/mnist/: each digit was fitted into 20x20 pixels with its shape kept,
which smoothed it, and its centre of mass was put in the middle of 28x28.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from app.ink import Levels, Mask, flattened, ink_mask, ink_threshold, is_dark_on_light, paper_grain
from app.rules import without_rules
from app.strokes import Box, Strokes, grouped, in_one_row, strokes, surrounding

SIDE, BOX_SIDE = 28, 20  # pixels
# Smaller pictures are enlarged, so that strokes are several pixels wide: 28 becomes 112.
SHORTEST_LONG_SIDE = 112
# Widths of strokes in pixels of the 20x20 box, as `stroke_width` finds them in MNIST.
THINNEST, USUAL = 2.4, 2.8
EDGE = 0.2  # the level at which a stroke ends
MOST_DIGITS = 20
LEAST_HEIGHT = 0.04  # of the picture's longer side
MOST_INK = 0.8  # of the box around a digit that is wider than a one
MOST_WIDTH = 2.0  # times the height: nothing in MNIST is as wide

Bytes = NDArray[np.uint8]


class Digit(NamedTuple):
    """What may be one digit of a picture."""

    box: Box  # at the working size
    ink: Levels  # (H, W), this digit's alone, thickened where it is thin
    image: Bytes  # (28, 28), 0 is background


class Steps(NamedTuple):
    """A picture on its way from grey levels to digits."""

    grey: Levels
    ink: Levels
    mask: Mask
    strokes: Mask  # without rules and specks
    digits: list[Digit]  # left to right; none if `fault` says why
    fault: str = ""


def find_digits(grey: Levels) -> Steps:
    """Find the digits in grey levels (H, W), 0 is black and 1 white."""
    if is_mnist_form(grey):
        box = Box(4, 4, SIDE - 4, SIDE - 4)
        image = np.rint(grey * 255).astype(np.uint8)
        return Steps(grey, grey, grey > EDGE, grey > EDGE, [Digit(box, grey, image)])
    factor = max(1, -(-SHORTEST_LONG_SIDE // max(grey.shape)))
    large = enlarged(grey, factor)
    ink = flattened(large, is_dark_on_light(large))
    nothing = np.zeros(ink.shape, np.bool_)
    threshold = ink_threshold(ink)
    if threshold is None:
        return Steps(grey, ink, nothing, nothing, [], "the sheet is blank")
    mask = ink_mask(ink, threshold)
    found = strokes(without_rules(mask, ink))
    groups = grouped(found.boxes)
    written = np.isin(found.labels, [number for group in groups for number in group])
    steps = Steps(grey, ink, mask, written, [])
    if fault := writing_fault([surrounding(found.boxes, group) for group in groups], ink.shape):
        return steps._replace(fault=fault)
    digits = [_digit(ink, found, group) for group in groups]
    if any(map(is_blob, digits)):
        return steps._replace(fault="a filled shape")
    return steps._replace(
        digits=[
            digit._replace(box=Box(*(round(value / factor) for value in digit.box)))
            for digit in digits
        ]
    )


def is_mnist_form(grey: Levels) -> bool:
    """Tell whether a picture is one of MNIST's, or made as they were: nothing is left to do.

    That is 28x28 on pure black, 20 pixels for the longer side, centred by mass to the pixel.
    """
    if grey.shape != (SIDE, SIDE) or grey[4:24, 4:24].max() < 0.5:
        return False
    rows, columns = np.nonzero(grey)
    longest = max(np.ptp(rows), np.ptp(columns)) + 1
    centre = (np.indices(grey.shape) * grey).sum(axis=(1, 2)) / grey.sum()
    return longest == BOX_SIDE and bool(np.abs(centre - (SIDE - 1) / 2).max() <= 1)


def enlarged(grey: Levels, factor: int) -> Levels:
    """Enlarge by a whole factor, smoothly."""
    if factor == 1:
        return grey
    larger = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.clip(larger, 0, 1)


def is_blob(digit: Digit) -> bool:
    """Tell whether a shape is filled, as no digit is but a one, which is narrow."""
    rows, columns = np.nonzero(digit.image > 127)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    return bool(width > 0.5 * height and len(rows) > MOST_INK * height * width)


def writing_fault(boxes: list[Box], shape: tuple[int, ...]) -> str:
    """Say why these boxes, left to right on a sheet (H, W), hold no row of digits; else ""."""
    if max((max(box.width, box.height) for box in boxes), default=0) < LEAST_HEIGHT * max(shape):
        return "the sheet is blank but for specks"
    if len(boxes) > MOST_DIGITS:
        return f"{len(boxes)} pieces of writing, at most {MOST_DIGITS} digits are read"
    if not in_one_row(boxes):
        return "writing in several rows"
    if any(box.width > MOST_WIDTH * box.height for box in boxes):
        return "writing that is too wide for a digit"
    return ""


def _digit(ink: Levels, found: Strokes, group: list[int]) -> Digit:
    box = surrounding(found.boxes, group)
    margin = round(max(box.width, box.height) * 0.2) + 2
    padded = np.pad(np.isin(found.labels, group), margin)[
        box.top : box.bottom + 2 * margin, box.left : box.right + 2 * margin
    ]
    own = np.pad(ink, margin)[box.top : box.bottom + 2 * margin, box.left : box.right + 2 * margin]
    thick = thickened(full_range(own, padded, paper_grain(ink)[0]), padded)
    return Digit(box, thick, centred(boxed(thick)))


def full_range(ink: Levels, mask: Mask, paper: float) -> Levels:
    """Stretch the levels from paper to the mask's blacker part to 0 to 1; 0 away from the mask."""
    black = float(np.percentile(ink[mask], 75))
    near = cv2.GaussianBlur(cv2.dilate(mask.astype(np.float32), np.ones((5, 5))), (0, 0), 0.7)
    return np.clip((ink - paper) / max(black - paper, 1e-3), 0, 1).astype(np.float32) * near


def stroke_width(mask: Mask) -> float:
    """Estimate the usual width of a mask's strokes, in pixels.

    In a band of width w the distance to its edge is w / 4 in the mean.
    """
    padded = np.pad(mask, 1).astype(np.uint8)
    distances = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return 4 * float(distances[padded > 0].mean()) - 1


def thickened(ink: Levels, mask: Mask) -> Levels:
    """Widen strokes thinner than any usual pen's in MNIST, to a usual width, with soft edges."""
    rows, columns = np.nonzero(mask)
    unit = max(int(np.ptp(rows)), int(np.ptp(columns)), 1) / BOX_SIDE  # pixels for one of the 20
    width = stroke_width(mask) / unit
    if width >= THINNEST:
        return ink
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    radius = (USUAL - width) / 2 * unit
    return np.asarray(np.maximum(ink, np.clip(radius + 1 - away, 0, 1)), np.float32)


def boxed(ink: Levels) -> Levels:
    """Crop to the ink and scale to 20 pixels for the longer side, its shape kept."""
    rows, columns = np.nonzero(ink > EDGE)
    cropped = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = cropped.shape
    factor = BOX_SIDE / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(
        cv2.resize(cropped, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    )


def centred(small: Levels) -> Bytes:
    """Put levels of at most 20x20 into 28x28, their centre of mass in the middle."""
    height, width = small.shape
    total = max(float(small.sum()), 1e-6)
    centre_y = float(small.sum(axis=1) @ np.arange(height)) / total
    centre_x = float(small.sum(axis=0) @ np.arange(width)) / total
    top = min(max(round(SIDE / 2 - 0.5 - centre_y), 0), SIDE - height)
    left = min(max(round(SIDE / 2 - 0.5 - centre_x), 0), SIDE - width)
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[top : top + height, left : left + width] = np.rint(small * 255)
    return image
