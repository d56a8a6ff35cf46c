"""The strokes of a mask put together into digits, left to right, and what is none left out."""

from itertools import pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from app.ink import Mask

SPECK = 0.12  # of the tallest stroke's height: what is smaller both ways is no stroke
ALONG_BORDER = 0.4  # of a stroke's longer side: what touches the border more is no stroke
PIECE = 0.5  # of the tallest digit's height: what is lower is a piece of a digit
NEAR = 0.25  # of the tallest digit's height: how far a piece may be from its digit
OVERLAP = 0.4  # of the narrower one's width: what stands above each other is one digit


class Box(NamedTuple):
    """A rectangle in pixels; right and bottom are the first ones outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


class Strokes(NamedTuple):
    """The connected parts of a mask."""

    labels: NDArray[Any]  # (H, W) int32, 0 where there is no stroke
    boxes: dict[int, Box]


def strokes(mask: Mask) -> Strokes:
    """Find the connected parts, without specks and without what only intrudes from the border."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    contact = np.bincount(border, minlength=len(stats))
    boxes = {
        number: Box(left, top, left + width, top + height)
        for number, (left, top, width, height, _) in enumerate(stats.tolist())
        # A shadow or the edge of a table lies along the border, a cropped digit ends there.
        if number > 0 and contact[number] <= ALONG_BORDER * max(width, height)
    }
    inside = {number: box for number, box in boxes.items() if not contact[number]}
    tallest_inside = max((box.height for box in inside.values()), default=0)
    tallest = max((box.height for box in boxes.values()), default=0)
    if tallest_inside > 0.25 * max(mask.shape) or tallest_inside > 0.5 * tallest:
        boxes, tallest = inside, tallest_inside
    kept = {
        number: box for number, box in boxes.items() if max(box.width, box.height) > SPECK * tallest
    }
    return Strokes(labels, kept)


def grouped(boxes: dict[int, Box]) -> list[list[int]]:
    """Put the strokes of each digit together; the digits come left to right.

    Two large strokes are one digit if one stands over the other, a small one belongs to the
    nearest large one, and goes if none is near.
    """
    tallest = max((box.height for box in boxes.values()), default=0)
    large = sorted(
        (number for number, box in boxes.items() if box.height >= PIECE * tallest),
        key=lambda number: boxes[number].left,
    )
    groups: list[list[int]] = []
    for number in large:
        before = surrounding(boxes, groups[-1]) if groups else None
        if before and stand_over(before, boxes[number], NEAR * tallest):
            groups[-1].append(number)
        else:
            groups.append([number])
    cores = [surrounding(boxes, group) for group in groups]
    for number in boxes.keys() - set(large):
        distances = [_distance(core, boxes[number]) for core in cores]
        nearest = int(np.argmin(distances))
        if distances[nearest] <= NEAR * tallest:
            groups[nearest].append(number)
    return groups


def surrounding(boxes: dict[int, Box], group: list[int]) -> Box:
    """Return the box around all strokes of a group."""
    members = np.array([boxes[number] for number in group])
    return Box(*members[:, :2].min(axis=0).tolist(), *members[:, 2:].max(axis=0).tolist())


def stand_over(one: Box, other: Box, gap: float) -> bool:
    """Tell whether one of two boxes stands over the other with at most `gap` pixels between."""
    common = min(one.right, other.right) - max(one.left, other.left)
    between = max(one.top, other.top) - min(one.bottom, other.bottom)
    return common > OVERLAP * min(one.width, other.width) and between <= gap


def in_one_row(boxes: list[Box]) -> bool:
    """Tell whether each box, left to right, is at the height of the one before, but not over it."""
    return all(
        max(one.top, other.top) < min(one.bottom, other.bottom) for one, other in pairwise(boxes)
    )


def _distance(one: Box, other: Box) -> float:
    across = max(one.left - other.right, other.left - one.right, 0)
    down = max(one.top - other.bottom, other.top - one.bottom, 0)
    return max(across, down)
