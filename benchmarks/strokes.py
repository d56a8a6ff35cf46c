"""Turn clean 28x28 digits into larger strokes, as pens draw them.

A digit is (28, 28) uint8, 0 is background; a drawing is coverage (H, W) float32, 0 to 1.
"""

import cv2
import numpy as np

from handwriting.pens import skeleton
from pictures.arrays import Levels, UInt8Array

Random = np.random.Generator


def sharp_strokes(digit: UInt8Array, side: int) -> Levels:
    """Enlarge a digit to ink (side, side) with edges as sharp as a pen's."""
    large = cv2.resize(digit, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    softness = min(56 / side, 1)  # the range of levels that becomes an edge of about two pixels
    return np.clip((large - 0.5) / softness + 0.5, 0, 1)


def thin_strokes(digit: UInt8Array, side: int, width: float) -> Levels:
    """Draw along the centre lines of a digit's strokes with a pen `width` pixels wide."""
    centre_line = skeleton(sharp_strokes(digit, 112) > 0.5).astype(np.float32)
    line = cv2.resize(centre_line, (side, side), interpolation=cv2.INTER_LINEAR)
    line = cv2.GaussianBlur(line, (0, 0), max(side / 200, 0.5))
    distance = cv2.distanceTransform((line < 0.3 * line.max()).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.clip(width / 2 - distance + 0.5, 0, 1))


def rotated(digit: UInt8Array, degrees: float) -> UInt8Array:
    """Rotate a digit (28, 28) about its centre."""
    matrix = cv2.getRotationMatrix2D((13.5, 13.5), degrees, 1)
    return np.asarray(cv2.warpAffine(digit, matrix, (28, 28), flags=cv2.INTER_CUBIC))


def placed(coverage: Levels, shape: tuple[int, int], random: Random) -> Levels:
    """Place a square drawing (side, side) at a random position on an empty sheet."""
    sheet = np.zeros(shape, np.float32)
    side = coverage.shape[0]
    top, left = (int(random.integers(0, length - side + 1)) for length in shape)
    sheet[top : top + side, left : left + side] = coverage
    return sheet


def cropped(coverage: Levels) -> Levels:
    """Crop a drawing (H, W) to the box around its ink."""
    rows, columns = np.nonzero(coverage > 0.3)
    return coverage[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def tight_strokes(digit: UInt8Array, height: int) -> Levels:
    """Enlarge a digit to ink (`height`, W) without any margin."""
    large = cropped(sharp_strokes(digit, 224))
    size = (max(1, round(large.shape[1] * height / large.shape[0])), height)
    return np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA))


def pasted(sheet: Levels, coverage: Levels, top: int, left: int) -> Levels:
    """Add a drawing to a sheet (H, W) at a position; what lies beyond the sheet is cut off."""
    height, width = coverage.shape
    rows = slice(max(0, top), max(0, top + height))
    columns = slice(max(0, left), max(0, left + width))
    part = sheet[rows, columns]
    inside = coverage[max(0, -top) :, max(0, -left) :][: part.shape[0], : part.shape[1]]
    sheet = sheet.copy()
    sheet[rows, columns] = np.maximum(part, inside)
    return sheet


def distorted(coverage: Levels, random: Random, strength: float, slant: float = 0) -> Levels:
    """Bend a drawing (H, W) smoothly by about `strength` of its side, and slant it.

    This is the elastic distortion of Simard et al. (2003, doi:10.1109/ICDAR.2003.1227801).
    """
    height, width = coverage.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    noise = random.normal(0, 1, (2, height, width)).astype(np.float32)
    smooth = [cv2.GaussianBlur(field, (0, 0), 0.12 * max(height, width)) for field in noise]
    dy, dx = (field / field.std() * strength * max(height, width) for field in smooth)
    dx = dx + slant * (y - height / 2)
    return np.asarray(cv2.remap(coverage, x + dx, y + dy, cv2.INTER_LINEAR))
