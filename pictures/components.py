"""Find the connected components of a mask and group them into digits, left to right."""

from typing import NamedTuple

import cv2
import numpy as np

from pictures.arrays import Labels, Mask
from pictures.box import Box

MIN_SIZE = 0.12  # of the tallest component's height; noise has both sides below it
NEAR_BORDER = 0.02  # of the shorter side: what comes so near touches the border
ALONG_BORDER = 0.9  # of a component's longer side, touching the border
MAX_STRIP = 0.15  # of the shorter side, the thickness of a strip along the border
MAX_BORDER_CONTACT = 0.4  # of a component's longer side
MIN_BODY_HEIGHT = 0.5  # of the tallest component's height; a shorter one is a piece of a digit
MIN_INSIDE_HEIGHT = 0.25  # of the picture's longer side
MAX_GAP = 0.25  # of the tallest component's height, between two pieces of one digit
MIN_OVERLAP = 0.4  # of the narrower width, shared by two pieces of one digit above each other


class Components(NamedTuple):
    """The connected components of a mask."""

    labels: Labels  # (H, W)
    boxes: dict[int, Box]  # by label, only of the components that may belong to a digit


def find_components(mask: Mask) -> Components:
    """Find the 8-connected components of a mask, without noise and objects along the border."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    near = max(1, round(NEAR_BORDER * min(mask.shape)))
    border = np.concatenate(
        [
            labels[:near].max(0),
            labels[-near:].max(0),
            labels[:, :near].max(1),
            labels[:, -near:].max(1),
        ]
    )
    contact = np.bincount(border, minlength=len(stats))  # border pixels of each component
    inset = max(near, round(MAX_STRIP * min(mask.shape)))
    goes_inside = set(np.unique(labels[inset:-inset, inset:-inset]).tolist())
    boxes = {
        label: Box(left, top, left + width, top + height)
        for label, (left, top, width, height, _) in enumerate(stats.tolist())
        # A strip along the border is a shadow, or a table's edge.
        if label > 0
        and (label in goes_inside or contact[label] <= ALONG_BORDER * max(width, height))
    }
    # A shadow or a table's edge runs along the border; a cropped digit only ends there. Beside
    # a large component inside, whatever touches the border is not part of the writing.
    for limit in (MAX_BORDER_CONTACT, 0):
        within = {
            label: box
            for label, box in boxes.items()
            if contact[label] <= limit * max(box.width, box.height)
        }
        tallest_within = max((box.height for box in within.values()), default=0)
        tallest = max((box.height for box in boxes.values()), default=0)
        if tallest_within > min(MIN_INSIDE_HEIGHT * max(mask.shape), MIN_BODY_HEIGHT * tallest):
            boxes = within
    tallest = max((box.height for box in boxes.values()), default=0)
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
