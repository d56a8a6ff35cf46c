"""Made hands that the networks often misread: digits drawn in one person's own, unusual way."""

from typing import NamedTuple

import cv2
import numpy as np

from handwriting.distortion import CANVAS, Random, distorted
from handwriting.reading import read
from handwriting.strokes import DIGITS, Drawing, Stroke, path
from pictures.arrays import UInt8Array

# More ways to write a digit than handwriting/drawings.yaml has, which the networks learnt from:
# ones with a long flag, crossed sevens, closed or square fours, and so on.
UNUSUAL: dict[int, list[list[list[list[float]]]]] = {
    0: [[[[0.5, 0], [1, 0.3], [0.9, 0.8], [0.4, 1], [0, 0.6], [0.5, 0]], [[0.9, 0], [0.1, 1]]]],
    1: [
        [[[0, 0.7], [0.6, 0], [0.6, 1]]],
        [[[0, 1], [0.5, 0], [0.6, 1]]],
        [[[0.1, 0.45], [0.8, 0], [0.3, 1]]],
        [[[0, 0.5], [0.5, 0], [0.5, 1]], [[0.1, 1], [0.9, 1]]],
    ],
    2: [[[[0.1, 0.1], [0.9, 0], [0.8, 0.4], [0, 1]], [[0, 1], [1, 0.95]]]],
    3: [[[[0, 0], [1, 0], [0.4, 0.4], [1, 0.7], [0.4, 1], [-0.1, 0.9]]]],
    4: [
        [[[0, 0], [0, 0.5], [1, 0.5]], [[0.9, 0], [0.9, 1]]],
        [[[0.6, 0], [0, 0.6], [1, 0.6]], [[0.6, 0], [0.6, 1]]],
    ],
    5: [[[[1, 0], [0.1, 0], [0.1, 0.45], [0.9, 0.5], [0.8, 1], [0, 1]]]],
    6: [[[[0.9, 0], [0.1, 0.5], [0.2, 1], [0.9, 0.9], [0.8, 0.55], [0.1, 0.7]]]],
    7: [
        [[[0, 0], [1, 0], [0.4, 1]], [[0.1, 0.5], [1, 0.5]]],
        [[[0, 0], [0.9, 0], [0.8, 1]], [[0.4, 0.5], [1.2, 0.5]]],
        [[[0, 0.25], [0, 0], [1, 0], [0.3, 0.6], [0.3, 1]]],
    ],
    8: [[[[0.5, 0], [0.9, 0.25], [0.1, 0.75], [0.5, 1], [0.9, 0.75], [0.1, 0.25], [0.5, 0]]]],
    9: [[[[0.8, 0], [0.1, 0.1], [0.1, 0.5], [0.8, 0.5]], [[0.8, 0], [0.8, 1]]]],
}
OWN_WAY = 0.07  # the standard deviation by which a person's points differ from those above
UNSTEADY = 0.02  # and by which they differ from one time to the next


class Hand(NamedTuple):
    """One person's way to write."""

    drawings: dict[int, Drawing]
    pen: int  # pixels of a canvas of 96
    aspect: float  # width to height
    slant: float


def hand(random: Random) -> Hand:
    """Make up a hand: one drawing of each digit, moved a little."""
    drawings = {}
    for label, usual in DIGITS.items():
        styles = usual + [[Stroke(line, False) for line in one] for one in UNUSUAL[label]]
        drawings[label] = [
            Stroke((np.array(points) + random.normal(0, OWN_WAY, (len(points), 2))).tolist(), curve)
            for points, curve in styles[int(random.integers(len(styles)))]
        ]
    pen, aspect = int(random.integers(3, 9)), random.uniform(0.45, 1.1)
    return Hand(drawings, pen, aspect, random.normal(0, 0.15))


def written(own: Hand, label: int, random: Random) -> UInt8Array | None:
    """Write a digit and read it as the app does: (28, 28), None if nothing is seen."""
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    size = 60 * np.array([own.aspect * np.exp(random.normal(0, 0.06)), 1])
    slant = own.slant + random.normal(0, 0.04)
    for stroke in own.drawings[label]:
        points = path(stroke, random, UNSTEADY) - 0.5
        points[:, 0] -= slant * points[:, 1]
        pixels = CANVAS / 2 + points * size
        rounded = np.rint(pixels * 16).astype(np.int32)
        cv2.polylines(canvas, [rounded], False, 255, own.pen, cv2.LINE_AA, 4)
    ink = distorted(canvas.astype(np.float32) / 255, random, 0.35)
    return read(0.95 - 0.85 * ink)
