"""Separate the ink of handwriting from the paper, whatever the paper's colour and the light.

Grey levels are (H, W) float32 from 0 (black) to 1 (white); ink is (H, W) float32 from 0 (paper)
to 1. Lengths are in pixels of the working size, where the longer side has 112 to 400.
"""

import cv2
import numpy as np

from pictures.arrays import Levels, Mask

WINDOW = 0.35  # of the shorter side: wider than any stroke, narrower than most shadows
MIN_PAPER_LIGHT = 0.05  # of white: paper in the deepest shadow in which writing can be seen
MIN_BOARD_DARKNESS = 0.5  # of black: the brightest board that chalk is written on
MARGIN = 4  # pixels of the working size, added around the picture in the colour of its border
MIN_HOLE = 0.1  # of all ink in the mask: smaller holes are left as they are
MIN_CONTRAST = 0.08  # of the paper's light, which the ink must absorb
NOISE_FACTOR = 6  # ink differs from paper by this many standard deviations of the paper's noise


def flattened(grey: Levels, dark_on_light: bool) -> Levels:
    """Return the ink (H, W): the share of the paper's local light that the writing absorbs.

    A morphological closing estimates the light: it fills everything dark that is narrower than
    its window. Light writing on a dark board is inverted first; the brighter the board, the less
    light chalk adds to it, so the same division corrects it.
    """
    grey, min_light = (grey, MIN_PAPER_LIGHT) if dark_on_light else (1 - grey, MIN_BOARD_DARKNESS)
    side = max(3, round(max(min(grey.shape) * WINDOW, grey.shape[0] * 0.25))) | 1
    smooth = with_margin(cv2.GaussianBlur(grey, (0, 0), 1))
    window = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    light = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, window, borderType=cv2.BORDER_REPLICATE)
    light = light[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return np.clip((light - grey) / np.maximum(light, min_light), 0, 1).astype(np.float32)


def with_margin(grey: Levels) -> Levels:
    """Add a margin in the colour of the paper along the border, so that ink there has paper around.

    The paper along the border is what remains when a closing has filled everything dark that is
    shorter than most of a side.
    """
    height, width = grey.shape
    border = np.concatenate([grey[0], grey[:, -1], grey[-1, ::-1], grey[::-1, 0]])
    reach = round(0.8 * min(height, width)) | 1
    closed = cv2.morphologyEx(
        np.tile(border, 3)[np.newaxis], cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8)
    )[0, border.size : 2 * border.size]
    framed = np.pad(grey, 1)
    framed[0, 1:-1], framed[1:-1, -1] = closed[:width], closed[width : width + height]
    rest = closed[width + height :]
    framed[-1, 1:-1], framed[1:-1, 0] = rest[:width][::-1], rest[width:][::-1]
    framed[0, 0], framed[0, -1], framed[-1, 0], framed[-1, -1] = (
        framed[0, 1],
        framed[0, -2],
        framed[-1, 1],
        framed[-1, -2],
    )
    return np.pad(framed, MARGIN - 1, mode="edge")


def paper_noise(ink: Levels) -> tuple[float, float]:
    """Return the level of empty paper and the standard deviation of its noise.

    Both are percentiles of the lower half of the levels below half of the strongest ink, or of the
    lowest level if all levels are alike.
    """
    sample = ink[::2, ::2]
    paper = sample[sample <= max(np.percentile(sample, 99.9) / 2, sample.min())]
    low, middle = np.percentile(paper, (16, 50))
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


def filled_holes(grey: Levels, mask: Mask) -> Mask:
    """Return the holes of a mask (H, W) that are as dark as its ink.

    The middle of a filled shape is far from all paper, so it was taken for paper in a shadow. The
    mask then has the edge of the shape, or parts of it. `grey` is dark where there is ink.
    """
    filled = np.zeros_like(mask)
    if not mask.any():
        return filled
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    is_dark = grey < (np.median(grey[mask]) + np.median(border)) / 2
    for free in (~mask, ~mask & is_dark):
        filled |= _holes_as_dark_as_ink(grey, mask, free)
    return filled


def _holes_as_dark_as_ink(grey: Levels, mask: Mask, free: Mask) -> Mask:
    """Return the components of `free`, which has no ink, that are darker than the paper around."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(free.astype(np.uint8), connectivity=4)
    filled = np.zeros_like(mask)
    height, width = mask.shape
    for label, (left, top, across, down, area) in enumerate(stats.tolist()):
        is_inside = 0 < left < width - across and 0 < top < height - down
        if label == 0 or not is_inside or area < MIN_HOLE * mask.sum():
            continue
        around = (
            slice(max(0, top - down // 2), top + down + down // 2),
            slice(max(0, left - across // 2), left + across + across // 2),
        )
        hole = labels[around] == label
        levels = grey[around]
        ink, paper = levels[mask[around]], levels[~mask[around] & ~hole]
        if not (ink.size and paper.size):
            continue
        if np.median(levels[hole]) < (np.median(ink) + np.median(paper)) / 2:
            filled[around] |= hole
    return filled


def ink_and_mask(grey: Levels, dark_on_light: bool) -> tuple[Levels, Mask]:
    """Return the ink (H, W) of grey levels and its mask; the mask is empty on a blank sheet."""
    ink = flattened(grey, dark_on_light)
    threshold = ink_threshold(ink)
    return ink, np.zeros(ink.shape, np.bool_) if threshold is None else ink_mask(ink, threshold)
