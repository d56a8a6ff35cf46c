"""Find the ink of a picture, and decide whether it is darker or lighter than its background.

Levels are (H, W) float32, masks (H, W) bool.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from pictures.arrays import Levels, Mask
from pictures.frames import without_frames
from pictures.grey import enlarged, enlargement
from pictures.ink import MIN_HOLE, filled_holes, ink_and_mask

# Light and dark may be confused if ink covers more of the border or the picture, or if the levels
# along the border differ by more, of their range in the picture.
MAX_BORDER, MAX_COVERAGE, MAX_RANGE = 0.02, 0.35, 0.3
CLEAN = 0.03  # of white: the levels along the border of a drawing or a scan differ by less
MIN_STRENGTH = 0.5  # of the likelier one of dark and light ink; a fainter one is none
MAX_MISSING = 0.5  # of a shape's inked pixels: so many soft edges may lie outside the mask


class Ink(NamedTuple):
    """The ink of a picture, which may be enlarged."""

    levels: Levels  # 0 is paper, 1 strong ink
    mask: Mask
    factor: int  # by how much it is larger than the picture
    is_solid: bool  # a shape far thicker than strokes, of which the mask has only a part


def inks(grey: Levels) -> Iterator[Ink]:
    """Yield the ink in grey levels; both dark and light if they may be confused, likelier first."""
    factor = enlargement(grey.shape)
    large = enlarged(grey, factor)
    dark_on_light = is_dark_on_light(large)
    ink, mask = ink_and_mask(large, dark_on_light)
    if not is_doubtful(large, mask):
        yield _filled(large, dark_on_light, ink, mask, factor)
        return
    other_ink, other_mask = ink_and_mask(large, not dark_on_light)
    border, picture = coverage(without_frames(mask))
    ways = [(dark_on_light, ink, mask), (not dark_on_light, other_ink, other_mask)]
    if max(border, picture) > 0.5 and border > coverage(without_frames(other_mask))[0]:
        ways.reverse()  # what covers most of the picture is its background
    least = MIN_STRENGTH * _strength(ways[0][1])
    for dark, levels, own in ways:
        if _strength(levels) >= least:
            yield _filled(large, dark, levels, own, factor)


def _strength(ink: Levels) -> float:
    return float(np.percentile(ink, 99))


def _filled(large: Levels, dark_on_light: bool, ink: Levels, mask: Mask, factor: int) -> Ink:
    dark = large if dark_on_light else 1 - large
    if may_have_holes(dark, mask):
        holes = filled_holes(dark, mask)
        ink, mask = np.where(holes, ink.max(), ink), mask | holes
    return Ink(ink, mask, factor, is_solid(dark, mask))


def may_have_holes(grey: Levels, mask: Mask) -> bool:
    """Return whether a hole of a mask (H, W) may be as dark as its ink.

    Looking for the holes takes long. In most drawings too little beside the mask is dark, where a
    hole's levels are compared with those around it, taken here as light as they may be. In most
    photos nothing beside the mask is large enough.
    """
    if not mask.any():
        return False
    middle = (float(np.percentile(grey[mask], 75)) + float(grey.max())) / 2
    beside = np.count_nonzero((grey < middle) & ~mask)
    least = MIN_HOLE * np.count_nonzero(mask)
    if beside < least / 2:
        return False
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    is_dark = grey < (np.median(grey[mask]) + np.median(border)) / 2
    return any(_largest_inside(free) >= least for free in (~mask, ~mask & is_dark))


def _largest_inside(free: Mask) -> int:
    """Return the pixels of the largest component that does not touch the border, 0 if none."""
    count, labels = cv2.connectedComponents(free.astype(np.uint8), connectivity=4)
    sizes = np.bincount(labels.ravel(), minlength=count)
    sizes[0] = 0
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        sizes[side] = 0
    return int(sizes.max())


def is_solid(grey: Levels, mask: Mask) -> bool:
    """Return whether much is as dark as the ink of the mask (H, W) and hangs together with it.

    What covers half of a side of the picture is left out: it may be a table. In a photo nothing can
    be said, as a shadow may be as dark.
    """
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if not mask.any() or mask.all() or np.ptp(np.percentile(border, (5, 95))) > CLEAN:
        return False
    middle = (float(np.median(grey[mask])) + float(np.median(grey[~mask]))) / 2
    dark = grey < middle
    if not (dark & ~mask).any():
        return False
    count, labels = cv2.connectedComponents(dark.astype(np.uint8), connectivity=8)
    sides = ((labels[0], labels[-1]), (labels[:, 0], labels[:, -1]))
    contact = np.max(
        [np.bincount(side, minlength=count) / len(side) for pair in sides for side in pair], axis=0
    )
    shape = dark & (contact < 0.5)[labels]
    inked = int((shape & mask).sum())
    return inked > 0 and int((shape & ~mask).sum()) > MAX_MISSING * inked


def is_dark_on_light(grey: Levels) -> bool:
    """Return whether the writing is darker than its background.

    The pixels along the border are taken as background. Each pixel is compared with the median
    of its surroundings, so that shadows count little. A small copy is enough for this.
    """
    factor = 64 / max(grey.shape)
    size = (max(8, round(grey.shape[1] * factor)), max(8, round(grey.shape[0] * factor)))
    small = np.rint(cv2.resize(grey, size, interpolation=cv2.INTER_AREA) * 255).astype(np.uint8)
    edge = max(1, round(min(size) * 0.04))
    surroundings = cv2.medianBlur(small, (min(size) // 2) | 1)
    difference = small.astype(np.int16) - surroundings
    inside = np.zeros(difference.shape, np.bool_)
    inside[edge:-edge, edge:-edge] = True
    low, high = np.percentile(difference[~inside], (20, 80))
    darkest, lightest = np.percentile(difference, (0.5, 99.5))
    return bool(low - darkest >= lightest - high)


def is_doubtful(grey: Levels, mask: Mask) -> bool:
    """Return whether the mask (H, W) of ink may be that of the background.

    The ink of a clean sheet leaves the border free, which has one level.
    """
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    low, high = np.percentile(border, (10, 90))
    darkest, lightest = np.percentile(grey, (1, 99))
    is_even = high - low <= MAX_RANGE * (lightest - darkest)
    if not is_even or not mask.any():
        return True
    # Looking for frames takes long, and without them there is only less ink.
    return _covers_much(mask) and _covers_much(without_frames(mask))


def _covers_much(mask: Mask) -> bool:
    at_border, inside = coverage(mask)
    return at_border > MAX_BORDER or inside > MAX_COVERAGE


def coverage(mask: Mask) -> tuple[float, float]:
    """Return the inked shares of the border and of the picture."""
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return float(border.mean()), float(mask.mean())
