"""Find the connected components of a mask and group them into digits, left to right."""

from typing import NamedTuple

import cv2
import numpy as np

from app.arrays import Labels, Mask

MIN_SIZE = 0.12  # of the tallest component's height; noise has both sides below it
MAX_BORDER_CONTACT = 0.4  # of a component's longer side
MIN_BODY_HEIGHT = 0.5  # of the tallest component's height; a shorter one is a piece of a digit
MIN_INSIDE_HEIGHT = 0.25  # of the picture's longer side
MAX_GAP = 0.25  # of the tallest component's height, between two pieces of one digit
MIN_OVERLAP = 0.4  # of the narrower width, shared by two pieces of one digit above each other


class Box(NamedTuple):
    """A rectangle in pixels; `right` and `bottom` are the first column and row outside it."""

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


class Components(NamedTuple):
    """The connected components of a mask."""

    labels: Labels  # (H, W)
    boxes: dict[int, Box]  # by label, only of the components that may belong to a digit


def find_components(mask: Mask) -> Components:
    """Find the 8-connected components of a mask, without noise and objects along the border."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    contact = np.bincount(border, minlength=len(stats))  # border pixels of each component
    boxes = {
        label: Box(left, top, left + width, top + height)
        for label, (left, top, width, height, _) in enumerate(stats.tolist())
        # A shadow or a table's edge runs along the border; a cropped digit only ends there.
        if label > 0 and contact[label] <= MAX_BORDER_CONTACT * max(width, height)
    }
    # If a large component is inside, those that touch the border are not part of the writing.
    inside = {label: box for label, box in boxes.items() if not contact[label]}
    tallest_inside = max((box.height for box in inside.values()), default=0)
    tallest = max((box.height for box in boxes.values()), default=0)
    if tallest_inside > min(MIN_INSIDE_HEIGHT * max(mask.shape), MIN_BODY_HEIGHT * tallest):
        boxes, tallest = inside, tallest_inside
    large_enough = {
        label: box
        for label, box in boxes.items()
        if max(box.width, box.height) > MIN_SIZE * tallest
    }
    return Components(labels, large_enough)


def group_components(boxes: dict[int, Box]) -> list[list[int]]:
    """Group the labels of components that form one digit; the groups come left to right.

    Two tall components form one digit if one is above the other. A short one joins the nearest
    digit, or is dropped if no digit is near.
    """
    tallest = max((box.height for box in boxes.values()), default=0)
    bodies = sorted(
        (label for label, box in boxes.items() if box.height >= MIN_BODY_HEIGHT * tallest),
        key=lambda label: boxes[label].left,
    )
    groups: list[list[int]] = []
    for label in bodies:
        previous = bounding_box(boxes, groups[-1]) if groups else None
        if previous and are_stacked(previous, boxes[label], MAX_GAP * tallest):
            groups[-1].append(label)
        else:
            groups.append([label])
    body_boxes = [bounding_box(boxes, group) for group in groups]
    for label in boxes.keys() - set(bodies):
        distances = [_distance(box, boxes[label]) for box in body_boxes]
        nearest = int(np.argmin(distances))
        if distances[nearest] <= MAX_GAP * tallest:
            groups[nearest].append(label)
    return groups


def bounding_box(boxes: dict[int, Box], group: list[int]) -> Box:
    """Return the box around all components of a group."""
    members = np.array([boxes[label] for label in group])
    return Box(*members[:, :2].min(axis=0).tolist(), *members[:, 2:].max(axis=0).tolist())


def are_stacked(one: Box, other: Box, max_gap: float) -> bool:
    """Return whether one box is above the other with at most `max_gap` pixels between them."""
    overlap = min(one.right, other.right) - max(one.left, other.left)
    gap = max(one.top, other.top) - min(one.bottom, other.bottom)
    return overlap > MIN_OVERLAP * min(one.width, other.width) and gap <= max_gap


def _distance(one: Box, other: Box) -> float:
    """Return the larger of the horizontal and the vertical gap between two boxes, in pixels."""
    horizontal = max(one.left - other.right, other.left - one.right, 0)
    vertical = max(one.top - other.bottom, other.top - one.bottom, 0)
    return max(horizontal, vertical)
