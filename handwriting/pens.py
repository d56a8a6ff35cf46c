"""Write ink anew with another pen.

Ink is (96, 96) float32 from 0 (paper) to 1.
"""

import cv2
import numpy as np

from handwriting.distortion import CANVAS, Random, distorted
from handwriting.reading import enlarged
from pictures.arrays import Levels, Mask, UInt8Array


def repenned(image: UInt8Array, random: Random) -> Levels:
    """Return ink of an image, distorted, with a pen of another width."""
    soft = distorted(enlarged(image), random, 0.7)
    if random.random() < 0.25:
        return penned(soft, random)
    return with_other_pen(sharpened(soft, random), random)


def with_other_pen(ink: Levels, random: Random) -> Levels:
    """Widen the strokes of ink by up to two pixels at either edge, or narrow them by one."""
    radius = int(random.integers(-1, 3))
    if radius == 0:
        return ink
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * abs(radius) + 1,) * 2)
    if radius > 0:
        return np.asarray(cv2.dilate(ink, disc))
    narrower = np.asarray(cv2.erode(ink, disc))
    return narrower if narrower.sum() > 0.5 * ink.sum() else ink  # thin strokes would vanish


def sharpened(soft: Levels, random: Random) -> Levels:
    """Give soft ink (96, 96) the edges of a pen, with strokes of another width."""
    return np.clip((soft - random.uniform(0.3, 0.7)) / random.uniform(0.1, 0.4) + 0.5, 0, 1)


def penned(soft: Levels, random: Random) -> Levels:
    """Draw along the centre lines of soft ink (96, 96) with a pen of random width."""
    small = cv2.resize(soft, (48, 48), interpolation=cv2.INTER_AREA)
    line = cv2.resize(skeleton(small > 0.5).astype(np.float32), (CANVAS, CANVAS))
    line = cv2.GaussianBlur(line, (0, 0), 1.2)
    distance = cv2.distanceTransform(
        (line < 0.35 * max(float(line.max()), 1e-3)).astype(np.uint8), cv2.DIST_L2, 5
    )
    return np.asarray(np.clip(random.uniform(0, 4) - distance + 0.5, 0, 1), np.float32)


def skeleton(mask: Mask) -> Mask:
    """Thin a mask to lines one pixel wide (Zhang and Suen 1984, doi:10.1145/357994.358023)."""
    image = np.pad(mask, 1)
    changed = True
    while changed:
        changed = False
        for step in (0, 1):
            shifts = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]
            p = np.stack([np.roll(image, (-y, -x), (0, 1)) for y, x in shifts])
            neighbours = p.sum(axis=0)
            turns = (~p & np.roll(p, -1, axis=0)).sum(axis=0)
            up, right, down, left = p[0], p[2], p[4], p[6]
            if step == 0:
                free = ~(up & right & down) & ~(right & down & left)
            else:
                free = ~(up & right & left) & ~(up & down & left)
            removed = image & (neighbours >= 2) & (neighbours <= 6) & (turns == 1) & free
            image = image & ~removed
            changed |= bool(removed.any())
    return image[1:-1, 1:-1]
