"""Draw a digit in a cell of a form, with the cell's printed frame."""

from typing import NamedTuple

import numpy as np

from benchmarks.paper import BLACK, BLUE, inked, tint
from benchmarks.strokes import Random, pasted, tight_strokes
from pictures.arrays import Levels, UInt8Array

Range = tuple[float, float]

SIDES = ("top", "bottom", "left", "right")
PENS = (BLACK, (0.25, 0.25, 0.28), BLUE)


class Frame(NamedTuple):
    """How a printed frame looks; lengths are shares of the picture's shorter side."""

    thickness: Range = (0.01, 0.03)
    inset: Range = (0.03, 0.08)  # from the picture's border to the middle of the line
    sides: str = "top bottom left right"
    degrees: float = 0  # the largest rotation
    dash: Range | None = None  # the length of a dash and of a gap; None is a whole line
    reach: float = 0  # how far the lines go on beyond the corners


def frame_lines(shape: tuple[int, int], random: Random, frame: Frame) -> Levels:
    """Print the lines of a frame on an empty sheet (H, W); return their coverage."""
    height, width = shape
    unit = min(shape)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    y, x = y - height / 2, x - width / 2
    angle = np.deg2rad(random.uniform(-frame.degrees, frame.degrees))
    x, y = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    half = max(0.5, random.uniform(*frame.thickness) * unit / 2)
    insets = {side: random.uniform(*frame.inset) * unit for side in SIDES}
    coverage = np.zeros(shape, np.float32)
    for side in frame.sides.split():
        is_flat = side in ("top", "bottom")
        along, across = (x, y) if is_flat else (y, x)
        length, breadth = (width, height) if is_flat else (height, width)
        first, last = ("left", "right") if is_flat else ("top", "bottom")
        place = (breadth / 2 - insets[side]) * (-1 if side in ("top", "left") else 1)
        start = insets[first] - length / 2 - half - frame.reach * unit
        end = length / 2 - insets[last] + half + frame.reach * unit
        line = np.clip(half + 0.5 - np.abs(across - place), 0, 1)
        line = line * np.clip(np.minimum(along - start, end - along) + 0.5, 0, 1)
        if frame.dash:
            dash, gap = (max(1.0, share * unit) for share in frame.dash)
            line = line * ((along + random.uniform(0, dash)) % (dash + gap) < dash)
        coverage = np.maximum(coverage, line)
    return coverage


def position(
    ink: Levels, cell: tuple[int, int], random: Random, sides: str, beyond: Range | None
) -> tuple[int, int]:
    """Choose where a digit's ink lies in its cell, as its top row and its left column.

    Args:
        ink: (h, w), cropped to the digit.
        cell: its height and width.
        random: the generator.
        sides: that have a line.
        beyond: how far the digit is beyond one of them, of its height; None is near the middle.
    """
    free = cell[0] - ink.shape[0], cell[1] - ink.shape[1]
    top, left = (int(length * random.uniform(0.3, 0.7)) for length in free)
    if beyond:
        over = round(random.uniform(*beyond) * ink.shape[0])
        side = str(random.choice(sides.split()))
        top = {"top": -over, "bottom": free[0] + over}.get(side, top)
        left = {"left": -over, "right": free[1] + over}.get(side, left)
    return top, left


def scanned_cell(
    digit: UInt8Array,
    random: Random,
    frame: Frame,
    colour: tuple[float, ...] = BLACK,
    beyond: Range | None = None,
) -> Levels:
    """Return a sheet (H, W, 3): a digit in a cell, `beyond` its frame by a share of its height."""
    height = int(random.integers(110, 240))
    shape = height, round(height * random.uniform(0.8, 1.1))
    lines = frame_lines(shape, random, frame)
    edge = round(max(0.0, sum(frame.inset) / 2) * min(shape))
    cell = shape[0] - 2 * edge, shape[1] - 2 * edge
    ink = fitting_ink(digit, random, cell)
    top, left = position(ink, cell, random, frame.sides, beyond)
    drawn = pasted(np.zeros(shape, np.float32), ink, edge + top, edge + left)
    sheet = inked(np.full((*shape, 3), tint(random), np.float32), lines, colour)
    return inked(sheet, drawn, PENS[int(random.integers(len(PENS)))])


def fitting_ink(digit: UInt8Array, random: Random, cell: tuple[int, int]) -> Levels:
    """Draw a digit (h, w) that fits into a cell with some space around it."""
    ink = tight_strokes(digit, max(8, round(cell[0] * random.uniform(0.5, 0.75))))
    if ink.shape[1] <= 0.75 * cell[1]:
        return ink
    return tight_strokes(digit, round(ink.shape[0] * 0.75 * cell[1] / ink.shape[1]))
