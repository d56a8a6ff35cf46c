"""Is a picture the stored one? Fonts may be drawn otherwise; what the picture says may not differ.

Every pixel must have one like it nearby in the other picture. A letter in another font, or an axis
that has moved a little because of it, passes; a line, a mark, a word or an image that is missing,
elsewhere or of another colour does not, however small it is beside the whole picture.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pictures.arrays import UInt8Array

REACH = 6  # pixels, how far another font moves what is not text
LEVELS = 60  # of 255, by which the nearest likeness may differ
WINDOW = 48  # pixels, the side of the squares in which the unlike ones are counted
# Other fonts leave at most 15 pixels of a square unlike, and the smallest fault, a missing digit,
# 29: tests/seen/test_pictures.py draws both.
TOLERANCE = 20
COLOURS = 64  # of a stored picture, which makes its file a third as large


def load(path: Path) -> UInt8Array:
    """Return a picture file as (H, W, 3)."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def store(picture: UInt8Array, path: Path) -> None:
    """Write a picture (H, W, 3) in few colours."""
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(picture).quantize(COLOURS).save(path, optimize=True)


def unlike(one: UInt8Array, other: UInt8Array) -> int:
    """Return how many pixels of a square are unlike the other picture, in the worst square.

    Of pictures of other sizes all are.
    """
    if one.shape != other.shape:
        return WINDOW**2
    both = _far_from(one, other) | _far_from(other, one)
    counts = cv2.boxFilter(both.astype(np.float32), -1, (WINDOW, WINDOW), normalize=False)
    return round(float(counts.max()))


def _far_from(one: UInt8Array, other: UInt8Array) -> NDArray[np.bool_]:
    """Return where a pixel of `one` is not between those nearby in `other`, level or colour."""
    nearby = np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)
    ours, theirs = _with_hues(one), _with_hues(other)
    below = cv2.subtract(cv2.erode(theirs, nearby), ours)
    above = cv2.subtract(ours, cv2.dilate(theirs, nearby))
    return np.asarray(np.maximum(below, above).max(axis=2) > LEVELS)


def _with_hues(picture: UInt8Array) -> NDArray[np.int16]:
    """Return the channels, and how red it is: all levels are nearby where black is on white."""
    channels = picture.astype(np.int16)
    return np.dstack([channels, channels[..., :1] - channels[..., 1:]])
