"""Say what stands between the digits of a row: points, commas and dashes."""

from typing import NamedTuple

import cv2
import numpy as np

from pictures.arrays import Mask
from pictures.box import Box

MIN_SIZE = 0.06  # of the digits' height; anything smaller is noise
MAX_POINT = 0.22  # of the digits' height, for both sides of a point
MAX_COMMA = 0.55  # of the digits' height, for the height of a comma
DASH_ASPECT = 1.8  # width to height of a dash, at least


class Mark(NamedTuple):
    """A point, a comma or a dash."""

    character: str
    box: Box  # in pixels of the grey levels


def find_marks(rest: Mask, digits: list[Box], factor: int) -> list[Mark]:
    """Find the marks in what the digits of a row leave of the mask (H, W).

    The mask is larger than the picture, in whose pixels boxes are, by the factor. Other ink than
    marks is left out: it is noise, or a scrap of something else.
    """
    height = float(np.median([box.height for box in digits]))
    top, bottom = min(box.top for box in digits), max(box.bottom for box in digits)
    _, _, stats, _ = cv2.connectedComponentsWithStats(rest.astype(np.uint8), connectivity=8)
    marks = []
    for left, upper, across, down, _ in stats[1:].tolist():
        sides = (left, upper, left + across, upper + down)
        box = Box(*(round(side / factor) for side in sides))
        is_in_row = top < (box.top + box.bottom) / 2 < bottom + MAX_COMMA * height
        if is_in_row and (character := mark_of(box, height, bottom)):
            marks.append(Mark(character, box))
    return marks


def mark_of(box: Box, height: float, bottom: int) -> str:
    """Return the mark that a box may hold, "" if none.

    `height` is that of the digits, `bottom` that of the row.
    """
    if max(box.width, box.height) < MIN_SIZE * height:
        return ""
    if box.width >= DASH_ASPECT * box.height:
        return "-" if box.width < 2 * height else ""
    is_low = (box.top + box.bottom) / 2 > bottom - 0.4 * height
    if not is_low or box.width > 0.4 * height:
        return ""
    if max(box.width, box.height) <= MAX_POINT * height:
        return "."
    return "," if box.height <= MAX_COMMA * height else ""


def with_marks(digits: list[tuple[int, Box]], marks: list[Mark]) -> str:
    """Return the digits of a row and its marks as text, left to right."""
    parts = [(box.left, str(digit)) for digit, box in digits]
    parts += [(mark.box.left, mark.character) for mark in marks]
    return "".join(character for _, character in sorted(parts))
