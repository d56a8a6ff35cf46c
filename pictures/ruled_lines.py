"""Remove the printed lines of ruled or squared paper from a mask of ink."""

import cv2
import numpy as np

from pictures.arrays import Levels, Mask

MIN_LENGTH = 0.55  # of the picture's side along which a ruled line runs
MAX_SLOPE = 0.1  # people photograph a sheet upright to within about 6 degrees
MAX_THICKNESS = 0.025  # of the picture's shorter side
MARGIN = 0.03  # of the picture's shorter side, cleared along the border of ruled paper
PEN_RATIO = 1.3  # a pen's line across a ruled line is darker than it by this factor


def without_ruled_lines(mask: Mask, ink: Levels) -> Mask:
    """Remove straight thin lines that run from border to border; keep the strokes across them.

    Fragments of faint lines are removed too: everything less than half as dark as the rest. A
    picture with a single such line keeps it, because that line is a digit one.
    """
    if not (mask[[0, -1]].any() or mask[:, [0, -1]].any()):
        return mask
    remaining, horizontal_count = _without_horizontal_lines(mask, ink)
    transposed, vertical_count = _without_horizontal_lines(remaining.T, ink.T)
    remaining = transposed.T
    if horizontal_count + vertical_count < 2 or not remaining.any():
        return mask
    remaining = remaining & (ink > 0.5 * np.percentile(ink[remaining], 90))
    # Lines that the border cuts off leave stumps there.
    margin = max(1, round(min(mask.shape) * MARGIN))
    remaining[:margin] = remaining[-margin:] = False
    remaining[:, :margin] = remaining[:, -margin:] = False
    return np.asarray(remaining)


def _without_horizontal_lines(mask: Mask, ink: Levels) -> tuple[Mask, int]:
    """Remove the nearly horizontal lines; return the mask without them and their count."""
    thickness = max(2, round(min(mask.shape) * MAX_THICKNESS))
    # Strokes across a line are taller than the line, so they survive the opening.
    window = np.ones(((thickness + 3) | 1, 1), np.uint8)
    tall = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, window)
    flat = mask & (tall == 0)
    remaining = mask.copy()
    bands = _straight_bands(flat)
    for band in bands:
        line = band & flat
        if line.any():  # in a very narrow picture a band may miss all of its pixels
            remaining &= ~(line & (ink < PEN_RATIO * np.median(ink[line])))
    return remaining, len(bands)


def _straight_bands(flat: Mask) -> list[Mask]:
    """Find straight, nearly horizontal bands (H, W) that are inked along most of the width.

    This is a Hough transform: each inked pixel votes for the row at which a line of each slope
    through it crosses the middle of the picture.
    """
    height, width = flat.shape
    y, x = np.nonzero(flat)
    if x.size < MIN_LENGTH * width:
        return []
    reach = round(MAX_SLOPE * width)
    slopes = np.arange(-reach, reach + 1, 2) / width
    rows = np.rint(y - slopes[:, np.newaxis] * (x - width / 2)).astype(np.intp) + reach
    bins = height + 2 * reach
    offsets = np.arange(len(slopes))[:, np.newaxis] * bins
    votes = np.bincount((rows + offsets).ravel(), minlength=len(slopes) * bins)
    # A line that is slightly curved, or between two slopes, fills two neighbouring rows.
    votes = votes.reshape(len(slopes), bins)
    filled = votes + np.roll(votes, 1, axis=1)
    bands = []
    while filled.max() >= MIN_LENGTH * width:
        slope, row = np.unravel_index(np.argmax(filled), filled.shape)
        course = slopes[slope] * (np.arange(width) - width / 2) + row - reach - 0.5
        bands.append(np.abs(np.arange(height)[:, np.newaxis] - course) <= 2.5)
        filled[:, max(0, row - 6) : row + 7] = 0
    return bands
