"""Taking the printed lines of ruled or squared paper out of a mask of ink."""

import cv2
import numpy as np

from app.ink import Levels, Mask

LEAST_LENGTH = 0.55  # of the picture's side that a rule runs along
MOST_SLOPE = 0.1  # a sheet is photographed upright within about 6 degrees
MOST_THICKNESS = 0.025  # of the picture's shorter side
MARGIN = 0.03  # of the picture's shorter side, in which nothing is left beside rules
DARKER = 1.3  # a pen's line that covers a rule is darker than it by this factor


def without_rules(mask: Mask, ink: Levels) -> Mask:
    """Remove straight thin lines from border to border; what crosses them is kept.

    Pieces that are left of faint rules go as well: all that is less than half as black as the
    rest. A picture that has no more than one such line keeps it: it is a digit one.
    """
    if not (mask[[0, -1]].any() or mask[:, [0, -1]].any()):
        return mask
    level, number_level = _without_horizontal(mask, ink)
    upright, number_upright = _without_horizontal(level.T, ink.T)
    left = upright.T
    if number_level + number_upright < 2 or not left.any():
        return mask
    left = left & (ink > 0.5 * np.percentile(ink[left], 90))
    # Lines that are cut off by the border end in stumps there.
    margin = round(min(mask.shape) * MARGIN)
    left[:margin] = left[-margin:] = left[:, :margin] = left[:, -margin:] = False
    return np.asarray(left)


def _without_horizontal(mask: Mask, ink: Levels) -> tuple[Mask, int]:
    """Remove the rules that are nearly level; return also how many there were."""
    thickness = max(2, round(min(mask.shape) * MOST_THICKNESS))
    # Strokes that cross a rule are taller than it: they survive the opening.
    tall = cv2.morphologyEx(
        mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((thickness + 3, 1), np.uint8)
    )
    flat = mask & (tall == 0)
    left = mask.copy()
    lines = _straight_lines(flat)
    for line in lines:
        rule = line & flat
        if rule.any():  # a very narrow picture's may lie beside all its pixels
            left &= ~(rule & (ink < DARKER * np.median(ink[rule])))
    return left, len(lines)


def _straight_lines(flat: Mask) -> list[Mask]:
    """Return the bands, straight and nearly level, that are inked along most of the width."""
    height, width = flat.shape
    y, x = np.nonzero(flat)
    if x.size < LEAST_LENGTH * width:
        return []
    reach = round(MOST_SLOPE * width)
    slopes = np.arange(-reach, reach + 1, 2) / width
    rows = np.rint(y - slopes[:, np.newaxis] * (x - width / 2)).astype(np.intp) + reach
    bins = height + 2 * reach
    offsets = np.arange(len(slopes))[:, np.newaxis] * bins
    counts = np.bincount((rows + offsets).ravel(), minlength=len(slopes) * bins)
    # A line that is a little crooked or between two slopes fills two rows.
    counts = counts.reshape(len(slopes), bins)
    filled = counts + np.roll(counts, 1, axis=1)
    lines = []
    while filled.max() >= LEAST_LENGTH * width:
        slope, row = np.unravel_index(np.argmax(filled), filled.shape)
        course = slopes[slope] * (np.arange(width) - width / 2) + row - reach - 0.5
        lines.append(np.abs(np.arange(height)[:, np.newaxis] - course) <= 2.5)
        filled[:, max(0, row - 6) : row + 7] = 0
    return lines
