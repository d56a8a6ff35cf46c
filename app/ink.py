"""Finding the ink of handwriting in grey levels, whatever the paper and the light.

Grey levels are (H, W) float32, 0 is black; ink is (H, W) float32, 0 is paper and 1 the blackest.
Lengths are in pixels of the working size, 112 to 400 for the longest side.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Levels = NDArray[Any]  # float32; OpenCV's annotations are less exact
Mask = NDArray[np.bool_]

WINDOW = 0.35  # of the shorter side: wider than any stroke, narrower than most shadows
LEAST_LIGHT = 0.05  # of white: the deepest shadow in which writing can be seen
LEAST_DARKNESS = 0.5  # of black, of a board that is written on with chalk
LEAST_CONTRAST = 0.08  # of the paper's light that the ink must take away
NOISE_FACTOR = 6  # ink stands out by this many standard deviations of the paper's grain


def is_dark_on_light(grey: Levels) -> bool:
    """Tell whether the writing is darker than what lies along the border, which is no writing.

    All is measured from the median around, so that shadows count little, and on a small copy.
    """
    factor = 64 / max(grey.shape)
    size = (max(8, round(grey.shape[1] * factor)), max(8, round(grey.shape[0] * factor)))
    small = np.rint(cv2.resize(grey, size, interpolation=cv2.INTER_AREA) * 255).astype(np.uint8)
    around = cv2.medianBlur(small, (min(size) // 2) | 1)
    difference = small.astype(np.int16) - around
    edge = max(1, round(min(size) * 0.04))
    inside = np.zeros(difference.shape, np.bool_)
    inside[edge:-edge, edge:-edge] = True
    low, high = np.percentile(difference[~inside], (20, 80))
    darkest, lightest = np.percentile(difference, (0.5, 99.5))
    return bool(low - darkest >= lightest - high)


def flattened(grey: Levels, dark_on_light: bool) -> Levels:
    """Divide writing by the light that falls on the paper around it, and return the ink.

    The light is what a closing leaves: all that is dark and narrower than the window is filled.
    Light writing on dark is inverted first; it adds light, and less so on what is bright already.
    """
    grey, least = (grey, LEAST_LIGHT) if dark_on_light else (1 - grey, LEAST_DARKNESS)
    side = max(3, round(min(grey.shape) * WINDOW)) | 1
    smooth = cv2.GaussianBlur(grey, (0, 0), 1)
    window = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    light = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, window, borderType=cv2.BORDER_REPLICATE)
    return np.clip((light - grey) / np.maximum(light, least), 0, 1).astype(np.float32)


def paper_grain(ink: Levels) -> tuple[float, float]:
    """Return the level of empty paper and the standard deviation of its grain.

    Both from the lower half of all levels, in which there is no ink.
    """
    low, middle = np.percentile(ink[::2, ::2], (16, 50))
    return float(middle), float(middle - low)


def ink_threshold(ink: Levels) -> float | None:
    """Return the level from which on there is ink, None if nothing stands out from the paper."""
    paper, grain = paper_grain(ink)
    strongest = float(np.percentile(ink, 99.9))
    floor = paper + max(LEAST_CONTRAST, NOISE_FACTOR * grain)
    if strongest < floor:
        return None
    written = ink[ink > floor]
    strong = float(np.percentile(written, 75)) if written.size else strongest
    return max(paper + 0.35 * (strong - paper), min(floor, paper + 0.5 * (strong - paper)))


def ink_mask(ink: Levels, threshold: float) -> Mask:
    """Mark where the ink, smoothed against grain, is beyond the threshold; close tiny gaps."""
    mask = (cv2.GaussianBlur(ink, (0, 0), 0.7) > threshold).astype(np.uint8)
    side = max(3, round(max(ink.shape) * 0.0125)) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc) > 0)
