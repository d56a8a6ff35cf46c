"""Separate the ink of handwriting from the paper, whatever the paper's colour and the light.

Grey levels are (H, W) float32 from 0 (black) to 1 (white); ink is (H, W) float32 from 0 (paper)
to 1. Lengths are in pixels of the working size, where the longer side has 112 to 400.
"""

import cv2
import numpy as np

from app.arrays import Levels, Mask

WINDOW = 0.35  # of the shorter side: wider than any stroke, narrower than most shadows
MIN_PAPER_LIGHT = 0.05  # of white: paper in the deepest shadow in which writing can be seen
MIN_BOARD_DARKNESS = 0.5  # of black: the brightest board that chalk is written on
MIN_CONTRAST = 0.08  # of the paper's light, which the ink must absorb
NOISE_FACTOR = 6  # ink differs from paper by this many standard deviations of the paper's noise


def is_dark_on_light(grey: Levels) -> bool:
    """Return whether the writing is darker than its background.

    The pixels along the border are taken as background. Each pixel is compared with the median
    of its surroundings, so that shadows count little. A small copy is enough for this.
    """
    factor = 64 / max(grey.shape)
    size = (max(8, round(grey.shape[1] * factor)), max(8, round(grey.shape[0] * factor)))
    small = np.rint(cv2.resize(grey, size, interpolation=cv2.INTER_AREA) * 255).astype(np.uint8)
    surroundings = cv2.medianBlur(small, (min(size) // 2) | 1)
    difference = small.astype(np.int16) - surroundings
    edge = max(1, round(min(size) * 0.04))
    inside = np.zeros(difference.shape, np.bool_)
    inside[edge:-edge, edge:-edge] = True
    low, high = np.percentile(difference[~inside], (20, 80))
    darkest, lightest = np.percentile(difference, (0.5, 99.5))
    return bool(low - darkest >= lightest - high)


def flattened(grey: Levels, dark_on_light: bool) -> Levels:
    """Return the ink (H, W): the share of the paper's local light that the writing absorbs.

    A morphological closing estimates the light: it fills everything dark that is narrower than
    its window. Light writing on a dark board is inverted first; the brighter the board, the less
    light chalk adds to it, so the same division corrects it.
    """
    grey, min_light = (grey, MIN_PAPER_LIGHT) if dark_on_light else (1 - grey, MIN_BOARD_DARKNESS)
    side = max(3, round(min(grey.shape) * WINDOW)) | 1
    smooth = cv2.GaussianBlur(grey, (0, 0), 1)
    window = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    light = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, window, borderType=cv2.BORDER_REPLICATE)
    return np.clip((light - grey) / np.maximum(light, min_light), 0, 1).astype(np.float32)


def paper_noise(ink: Levels) -> tuple[float, float]:
    """Return the level of empty paper and the standard deviation of its noise.

    Both are percentiles of the lower half of all levels, which holds no ink.
    """
    low, middle = np.percentile(ink[::2, ::2], (16, 50))
    return float(middle), float(middle - low)


def ink_threshold(ink: Levels) -> float | None:
    """Return the level above which a pixel is ink, or None if nothing differs from the paper."""
    paper, noise = paper_noise(ink)
    strongest = float(np.percentile(ink, 99.9))
    floor = paper + max(MIN_CONTRAST, NOISE_FACTOR * noise)
    if strongest < floor:
        return None
    written = ink[ink > floor]
    strong = float(np.percentile(written, 75)) if written.size else strongest
    return max(paper + 0.35 * (strong - paper), min(floor, paper + 0.5 * (strong - paper)))


def ink_mask(ink: Levels, threshold: float) -> Mask:
    """Return the mask of ink above the threshold, smoothed against noise, with gaps closed."""
    mask = (cv2.GaussianBlur(ink, (0, 0), 0.7) > threshold).astype(np.uint8)
    side = max(3, round(max(ink.shape) * 0.0125)) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc) > 0)
