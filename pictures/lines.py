"""Find long straight lines in a mask of ink, and cut those that touch the writing out of it.

Strokes that cross a line stay. Masks are (H, W) bool.
"""

import cv2
import numpy as np

from pictures.arrays import Labels, Mask
from pictures.connected import connected_components

MAX_TILT = 0.035  # rise of a printed line, of its length: 2 degrees
MAX_THICKNESS = 0.1  # of the picture's shorter side, of a printed line
MIN_LENGTH = 0.5  # of the side along which it runs, for a line that is cut out of other ink
MIN_STICKING_OUT = 0.08  # of the length of lines that touch the writing
SAMPLES = 4  # columns of half a run, looked at first
MAX_ALONG = 0.8  # of a component, along lines that were cut: more is a crumb of them


def horizontal_runs(mask: Mask, share: float, shape: tuple[int, ...]) -> Mask:
    """Return the pixels of thin straight runs, nearly horizontal, at least `share` of the width."""
    found = np.zeros_like(mask)
    length = round(share * shape[1]) | 1  # a window with a middle, else it would shift the runs
    # A tilted line leaves its row: with so much added above and below, it is found in it.
    tolerance = max(1, round(MAX_TILT * length / 2))
    rows = _rows_that_may_have_runs(mask, length, tolerance)
    if not rows.size:
        return found
    first, last = rows[0], rows[-1] + 1
    top = max(0, first - tolerance)
    thick = _thickened(mask[top : last + tolerance], tolerance)[first - top : last - top]
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    labels, stats = connected_components(runs > 0)
    widths = stats[:, cv2.CC_STAT_WIDTH]
    max_thickness = np.minimum(MAX_THICKNESS * min(shape), widths / 4) + 2 * tolerance
    is_thin = stats[:, cv2.CC_STAT_AREA] <= max_thickness * widths
    is_thin[0] = False
    found[first:last] = mask[first:last] & is_thin[labels]
    return found


def _rows_that_may_have_runs(mask: Mask, length: int, tolerance: int) -> Labels:
    """Return the rows in which some columns do not rule out a run of at least `length` pixels.

    This is much faster than looking for the runs. Half a run is enough along the border, as beyond
    it everything counts as ink.
    """
    count = max(1, min(SAMPLES, length // 2))  # of the columns that half a run covers
    columns = _thickened(mask[:, :: max(1, length // 2 // count)], tolerance)
    covered = cv2.erode(columns, np.ones((1, 2 * count - 1), np.uint8))
    return np.flatnonzero(covered.any(axis=1))


def _thickened(mask: Mask, tolerance: int) -> Labels:
    """Return a mask as 0 and 1, with so many pixels added above and below all ink."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * tolerance + 1, 1), np.uint8))


def without_touching_lines(mask: Mask) -> Mask:
    """Cut long straight lines out of a mask, and keep the strokes that cross them.

    A digit has straight strokes too. Each end of a printed line goes further than the writing, or
    reaches the border, or meets another line at a corner.
    """
    across = horizontal_runs(mask, MIN_LENGTH, mask.shape)
    down = horizontal_runs(mask.T, MIN_LENGTH, mask.T.shape)
    if not (across.any() or down.any()):
        return mask
    _, stats = connected_components(mask)
    height, width = mask.shape
    # A line of pieces that do not hang together is left to `without_ruled_lines`.
    if stats[:, cv2.CC_STAT_WIDTH].max() < MIN_LENGTH * width:
        across[:] = False
    if stats[:, cv2.CC_STAT_HEIGHT].max() < MIN_LENGTH * height:
        down[:] = False
    if not (across.any() or down.any()):
        return mask
    rest = _without_crumbs(mask & ~across & ~down.T, across | down.T)
    across, down = _printed_lines(across, down.T, rest), _printed_lines(down, across.T, rest.T)
    left = _without_horizontal(mask, across) & _without_horizontal(mask.T, down).T
    return _without_crumbs(left, across | down.T)


def _printed_lines(lines: Mask, upright: Mask, rest: Mask) -> Mask:
    """Keep those of some horizontal lines that are printed, given the upright ones and the rest."""
    inked = np.flatnonzero(rest.any(axis=0))
    if not (inked.size and lines.any()):
        return np.zeros_like(lines)
    labels, stats = connected_components(lines)
    is_printed = np.zeros(len(stats), np.bool_)
    for label, (left, top, width, height, _) in enumerate(stats.tolist()):
        margin, right = MIN_STICKING_OUT * width, left + width
        rows = slice(max(0, top - height), top + 2 * height)
        corners = (upright[rows, max(0, x - height) : x + height].any() for x in (left, right))
        beyond = left < inked[0] - margin, right - 1 > inked[-1] + margin
        at_border = left <= 1, right >= lines.shape[1] - 1
        is_printed[label] = label > 0 and all(
            map(any, zip(corners, beyond, at_border, strict=True))
        )
    return np.asarray(is_printed[labels])


def _without_crumbs(rest: Mask, lines: Mask) -> Mask:
    """Remove the components that lie along lines which were cut: they are pieces of these."""
    along = cv2.dilate(lines.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    count, labels = cv2.connectedComponents(rest.astype(np.uint8), connectivity=8)
    sizes, sizes_along = (
        np.bincount(part, minlength=count) for part in (labels[rest], labels[rest & along])
    )
    return np.asarray(rest & (sizes_along <= MAX_ALONG * sizes)[labels])


def stick_out(lines: Mask, rest: Mask) -> bool:
    """Return whether lines go further than the rest at two opposite ends, as no digit's do."""
    if not (lines.any() and rest.any()):
        return False
    for axis in (0, 1):
        line, other = (np.flatnonzero(mask.any(axis=axis)) for mask in (lines, rest))
        margin = MIN_STICKING_OUT * (line[-1] - line[0])
        if line[0] < other[0] - margin and line[-1] > other[-1] + margin:
            return True
    return False


def _without_horizontal(mask: Mask, lines: Mask) -> Mask:
    if not lines.any():
        return mask
    remaining = mask.copy()
    labels, stats = connected_components(lines)
    for label, (left, top, width, height, area) in enumerate(stats.tolist()):
        if label == 0:
            continue
        # Strokes across a line are taller than the line, so they survive the opening.
        reach = (round(area / width * 1.5) + 3) | 1
        above = max(0, top - reach)
        window = slice(above, top + height + reach), slice(left, left + width)
        tall = cv2.morphologyEx(
            mask[window].astype(np.uint8), cv2.MORPH_OPEN, np.ones((reach, 1), np.uint8)
        )
        remaining[window] &= ~((labels[window] == label) & (tall == 0))
    return remaining
