"""Fit a whole picture into 28x28 pixels, whatever it shows."""

import cv2
import numpy as np

from pictures.arrays import Levels, UInt8Array
from pictures.normalise import SIDE


def fitted(grey: Levels) -> UInt8Array:
    """Scale grey levels (H, W) to fit 28x28 pixels, with the proportions kept.

    What is missing at two sides gets the colour of the border. 28x28 pixels stay as they are.
    """
    border = border_level(grey)  # before the picture is scaled, which blurs a thin frame
    height, width = grey.shape
    factor = SIDE / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if size != (width, height):
        way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        grey = cv2.resize(grey.astype(np.float32), size, interpolation=way)
    across, down = SIDE - size[0], SIDE - size[1]
    padding = ((down // 2, down - down // 2), (across // 2, across - across // 2))
    whole = np.pad(grey, padding, constant_values=border)
    return np.asarray(np.rint(np.clip(whole, 0, 1) * 255), np.uint8)


def border_level(levels: Levels | UInt8Array) -> float:
    """Return the median level along the border of a picture (H, W)."""
    sides = (levels[0], levels[-1], levels[:, 0], levels[:, -1])
    return float(np.median(np.concatenate(sides)))
