"""Distort ink as hands do: turned, slanted, stretched, and bent a little everywhere.

Ink is (H, W) float32 from 0 (paper) to 1, as in pictures.ink.
"""

import cv2
import numpy as np

from pictures.arrays import Levels

Random = np.random.Generator

CANVAS = 96  # pixels, the side of a drawing
BOX = (56, 74)  # pixels, the least and most for the longer side of what is drawn
BENDS = 4  # the points on each side of the grid whose random shifts bend a drawing
MAX_BEND = 3.0  # pixels, the standard deviation of these shifts at most
INK = 0.2  # the least level that counts as ink


def ink_box(ink: Levels) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of the ink; bottom and right are outside it."""
    rows, columns = (np.flatnonzero((ink > INK).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return 0, ink.shape[0], 0, ink.shape[1]
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def distorted(ink: Levels, random: Random, strength: float = 1) -> Levels:
    """Scale ink (H, W) to the middle of a canvas (96, 96), distorted at random."""
    top, bottom, left, right = ink_box(ink)
    scale = random.uniform(*BOX) / max(bottom - top, right - left)
    angle = np.deg2rad(random.normal(0, 6) * strength)
    slant = np.tan(np.deg2rad(random.normal(0, 8) * strength))
    stretch = np.exp(random.normal(0, 0.09) * strength)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, -slant], [0, 1]]) @ np.diag([scale * stretch, scale / stretch])
    corners = np.array([[left, top], [right, top], [left, bottom], [right, bottom]]) @ matrix.T
    fit = min(1.0, (CANVAS - 12) / np.ptp(corners, axis=0).max())
    inverse = np.linalg.inv(matrix * fit)
    y, x = np.mgrid[:CANVAS, :CANVAS].astype(np.float32) - (CANVAS - 1) / 2
    y, x = (grid + bend for grid, bend in zip((y, x), bends(random, strength), strict=True))
    from_x = inverse[0, 0] * x + inverse[0, 1] * y + (left + right - 1) / 2
    from_y = inverse[1, 0] * x + inverse[1, 1] * y + (top + bottom - 1) / 2
    shrunk = cv2.GaussianBlur(ink, (0, 0), 0.4 / (scale * fit)) if scale * fit < 0.8 else ink
    return np.asarray(
        cv2.remap(shrunk, from_x.astype(np.float32), from_y.astype(np.float32), cv2.INTER_LINEAR)
    )


def bends(random: Random, strength: float) -> Levels:
    """Return smooth random shifts (2, 96, 96), in pixels."""
    size = random.uniform(0, MAX_BEND) * strength
    grid = random.normal(0, size, (BENDS, BENDS, 2)).astype(np.float32)
    smooth = cv2.resize(grid, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
    return np.moveaxis(smooth, 2, 0)
