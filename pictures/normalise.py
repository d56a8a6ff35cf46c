"""Bring the ink of one digit to the form of MNIST's images: 28x28 pixels, white on black.

Each MNIST digit was scaled to fit 20x20 pixels with its proportions kept, and its centre of mass
was placed in the middle of 28x28 pixels (http://yann.lecun.com/exdb/mnist/).
"""

import cv2
import numpy as np

from pictures.arrays import Levels, Mask, UInt8Array

SIDE = 28  # pixels of an image
BOX_SIDE = 20  # pixels of the digit's longer side in it
# Widths of strokes in pixels of the 20x20 box, as `stroke_width` measures them in MNIST.
MIN_STROKE_WIDTH, USUAL_STROKE_WIDTH = 2.4, 2.8
EDGE_LEVEL = 0.2  # the ink level at the edge of a stroke


def is_mnist_form(grey: Levels) -> bool:
    """Return whether grey levels (H, W) are in MNIST's form already.

    This means 28x28 pixels on pure black, a digit whose longer side has 20 pixels, and a centre
    of mass within a pixel of the middle.
    """
    if grey.shape != (SIDE, SIDE) or grey[4:24, 4:24].max() < 0.5:
        return False
    rows, columns = np.nonzero(grey)
    longer_side = max(np.ptp(rows), np.ptp(columns)) + 1
    centre = (np.indices(grey.shape) * grey).sum(axis=(1, 2)) / grey.sum()
    return longer_side == BOX_SIDE and bool(np.abs(centre - (SIDE - 1) / 2).max() <= 1)


def normalised(ink: Levels, mask: Mask, paper: float) -> UInt8Array:
    """Return one digit as a 28x28 image.

    Args:
        ink: (H, W), the digit with a margin around it.
        mask: (H, W), the digit's own pixels.
        paper: the ink level of empty paper.
    """
    return centred(boxed(thickened(full_range(ink, mask, paper), mask)))


def full_range(ink: Levels, mask: Mask, paper: float) -> Levels:
    """Scale ink (H, W) so that paper is 0 and strong ink 1; set it to 0 outside the mask."""
    full_ink = float(np.percentile(ink[mask], 75))
    near = cv2.GaussianBlur(cv2.dilate(mask.astype(np.float32), np.ones((5, 5))), (0, 0), 0.7)
    return np.clip((ink - paper) / max(full_ink - paper, 1e-3), 0, 1).astype(np.float32) * near


def stroke_width(mask: Mask) -> float:
    """Estimate the mean width of a mask's strokes, in pixels.

    In a band of width w the mean distance to the edge is w / 4.
    """
    rows, columns = np.nonzero(mask)
    box = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    padded = np.pad(box, 1).astype(np.uint8)
    distances = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return 4 * float(distances[padded > 0].mean()) - 1


def thickened(ink: Levels, mask: Mask) -> Levels:
    """Widen strokes that are thinner than MNIST's to the usual width there, with soft edges."""
    rows, columns = np.nonzero(mask)
    pixel = (
        max(int(np.ptp(rows)), int(np.ptp(columns)), 1) / BOX_SIDE
    )  # the side of a pixel of the 20x20 box
    width = stroke_width(mask) / pixel
    if width >= MIN_STROKE_WIDTH:
        return ink
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    radius = (USUAL_STROKE_WIDTH - width) / 2 * pixel
    return np.asarray(np.maximum(ink, np.clip(radius + 1 - distance, 0, 1)), np.float32)


def boxed(ink: Levels) -> Levels:
    """Crop ink (H, W) to the digit and scale its longer side to 20 pixels."""
    rows, columns = np.nonzero(ink > EDGE_LEVEL)
    cropped = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = cropped.shape
    factor = BOX_SIDE / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(
        cv2.resize(cropped, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    )


def centred(ink: Levels) -> UInt8Array:
    """Place ink of at most 20x20 in a 28x28 image, with its centre of mass in the middle."""
    height, width = ink.shape
    total = max(float(ink.sum()), 1e-6)
    centre_y = float(ink.sum(axis=1) @ np.arange(height)) / total
    centre_x = float(ink.sum(axis=0) @ np.arange(width)) / total
    top = min(max(round(SIDE / 2 - 0.5 - centre_y), 0), SIDE - height)
    left = min(max(round(SIDE / 2 - 0.5 - centre_x), 0), SIDE - width)
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[top : top + height, left : left + width] = np.rint(ink * 255)
    return image
