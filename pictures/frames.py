"""Remove printed frames, and straight lines outside the writing, from a mask of ink.

They are components of their own here; pictures.lines cuts those that touch the writing.
"""

import cv2
import numpy as np

from pictures.arrays import Mask
from pictures.box import Box
from pictures.connected import connected_components, labelled
from pictures.lines import MAX_THICKNESS, MAX_TILT, MIN_LENGTH, horizontal_runs

MIN_LINE = 0.3  # of the picture's side along which it runs, for a line that touches nothing
MIN_FRAME = 0.7  # of both sides of the picture, for a frame around nothing
MIN_THROUGH = 0.9  # of the picture's side along which it runs, for a line if all else are ones
MIN_UNDERLINE = 1.6  # of the writing's width: the bar of a five in two strokes is shorter
MAX_PROTRUSION = 0.15  # of the writing, beyond a frame around it
MIN_PIECE = 0.2  # of the picture's side, for each piece of a broken line, or of a corner
MIN_STRAIGHT = 0.85  # of a component's pixels, for a frame; the rest is noise and corners
MIN_DASHES = 5  # of a dashed line
MAX_DASH_GAP = 0.06  # of the picture's shorter side
MIN_OVERHANG = 0.15  # of a line's length: it goes so much further than the writing at both ends
MIN_REST = 0.2  # of the picture's shorter side: other components are writing if they are as high


def without_frames(mask: Mask) -> Mask:
    """Remove the components that are frames, or lines outside the writing."""
    labels, stats = connected_components(mask)
    if len(stats) > MIN_DASHES:
        labels, stats = connected_components(mask | _gaps(mask) | _gaps(mask.T).T)
    boxes = {
        label: Box(left, top, left + width, top + height)
        for label, (left, top, width, height, _) in enumerate(stats.tolist())
        if label > 0
    }
    height, width = mask.shape
    straight = {
        label: box
        for label, box in boxes.items()
        if (box.width >= MIN_LINE * width or box.height >= MIN_LINE * height)
        and is_straight(labels[box.top : box.bottom, box.left : box.right] == label, mask.shape)
    }
    if not straight:
        return mask
    hollow = {label for label, box in straight.items() if is_hollow(labels == label, box)}
    others = [
        box
        for label, box in boxes.items()
        if label not in straight and box.height >= MIN_REST * min(mask.shape)
    ]
    printed = _beside(straight, others, mask.shape) if others else _through(straight, mask.shape)
    return np.asarray(mask & ~labelled(labels, hollow | printed))


def _beside(straight: dict[int, Box], writing: list[Box], shape: tuple[int, ...]) -> set[int]:
    """Return the labels of straight components that are outside or around the writing."""
    members = np.array(writing)
    around = Box(*members[:, :2].min(axis=0).tolist(), *members[:, 2:].max(axis=0).tolist())
    size = (shape[1], shape[0])
    return {label for label, box in straight.items() if is_around(box, around, size)}


def _through(straight: dict[int, Box], shape: tuple[int, ...]) -> set[int]:
    """Return the labels of lines if all that is written are ones, which may be as straight."""
    middle = min(straight.values(), key=lambda box: _eccentricity(box, shape))
    size = (shape[1], shape[0])
    return {
        label
        for label, box in straight.items()
        if box != middle and (contains(box, middle) or is_long_line(box, size))
    }


def is_long_line(box: Box, size: tuple[int, int]) -> bool:
    """Return whether a box may hold a line through most of the picture, and nothing broader."""
    broadest = MAX_THICKNESS * min(size) + MAX_TILT * max(box.width, box.height)
    is_long = max(box.width / size[0], box.height / size[1]) > MIN_THROUGH
    return is_long and min(box.width, box.height) <= broadest


def contains(frame: Box, writing: Box) -> bool:
    """Return whether a frame's box contains that of the writing, which may stick out a little."""
    x, y = MAX_PROTRUSION * writing.width, MAX_PROTRUSION * writing.height
    across = frame.left <= writing.left + x and writing.right - x <= frame.right
    return across and frame.top <= writing.top + y and writing.bottom - y <= frame.bottom


def is_hollow(mask: Mask, box: Box) -> bool:
    """Return whether a component (H, W) with its box is a frame around nothing of its own."""
    height, width = mask.shape
    inside = mask[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return min(box.width / width, box.height / height) > MIN_FRAME and not inside.any()


def _gaps(mask: Mask) -> Mask:
    """Return the gaps in dashed lines that are nearly horizontal."""
    gap = np.ones((1, round(MAX_DASH_GAP * min(mask.shape)) + 1), np.uint8)
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, gap) > 0
    return horizontal_runs(closed, MIN_LENGTH, mask.shape) & ~mask


def _eccentricity(box: Box, shape: tuple[int, ...]) -> float:
    """Return how far a box goes from the middle of the picture, 1 at the border."""
    height, width = shape
    across = max(width / 2 - box.left, box.right - width / 2) / (width / 2)
    down = max(height / 2 - box.top, box.bottom - height / 2) / (height / 2)
    return float(max(across, down))


def is_straight(mask: Mask, shape: tuple[int, ...]) -> bool:
    """Return whether a component, cut out along its box, consists of lines along the axes.

    `shape` is that of the picture.
    """
    lines = (
        horizontal_runs(mask, MIN_PIECE, shape) | horizontal_runs(mask.T, MIN_PIECE, shape[::-1]).T
    )
    return bool(lines.sum() >= MIN_STRAIGHT * mask.sum())


def is_around(line: Box, writing: Box, size: tuple[int, int]) -> bool:
    """Return whether a line or frame lies outside the writing or goes further than it.

    A straight stroke beside other digits is a one, as tall as they are.
    """
    if contains(line, writing):
        return True
    if line.height > line.width:
        line, writing, size = line.turned(), writing.turned(), size[::-1]
        outside = False
    else:
        outside = line.top >= writing.bottom or line.bottom <= writing.top
    margin = MIN_OVERHANG * line.width
    before, after = line.left <= writing.left - margin, line.right >= writing.right + margin
    at_start, at_end = line.left <= 1, line.right >= size[0] - 1
    if outside and (at_start or at_end or line.width > MIN_UNDERLINE * writing.width):
        return True
    return (before or after) and (before or at_start) and (after or at_end)
