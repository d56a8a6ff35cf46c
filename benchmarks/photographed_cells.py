"""Make photos of one cell of a grid, cut out roughly, with the digit in it.

Each kind of picture is a function that takes a digit, (28, 28) uint8 with 0 for background, and a
random generator, and returns the content of a picture file.
"""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.cells import SIDES, Frame, frame_lines, position
from benchmarks.paper import BLACK, BLUE, RED, inked, jpeg, lit, photographed, shadowed
from benchmarks.strokes import Random, pasted, rotated, tight_strokes
from pictures.arrays import Levels, UInt8Array


def _cell(digit: UInt8Array, random: Random, cut: str = "") -> Levels:
    """Return a sheet (side, side, 3): a digit on tinted paper, in pen or felt.

    It is off the middle, and at a side named by `cut` the picture cuts up to 6 % of it off.
    """
    side = int(random.integers(70, 170))
    ink = tight_strokes(digit, round(side * random.uniform(0.4, 0.65)))
    if random.integers(2):
        ink = cv2.dilate(ink, np.ones((3, 3), np.uint8))
    top, left = (int((side - n) * random.uniform(0.2, 0.8)) for n in ink.shape)
    if cut:
        top, left = position(ink, (side, side), random, cut, (0, 0.06))
    drawn = pasted(np.zeros((side, side), np.float32), ink, top, left)
    paper = np.full((side, side, 3), random.uniform(0.6, 0.92, 3), np.float32)
    return inked(paper, drawn * random.uniform(0.75, 1), (BLACK, BLUE, RED)[random.integers(3)])


def _photo(sheet: Levels, random: Random) -> bytes:
    sheet = lit(sheet, random, random.uniform(0.1, 0.45))
    blur = random.uniform(0.5, 1.2)
    photo = photographed(sheet, random, noise=random.uniform(0.005, 0.03), blur=blur)
    return jpeg(photo, quality=int(random.integers(50, 90)))


def _one_or_two_sides(random: Random) -> str:
    return " ".join(random.permutation(SIDES)[: int(random.integers(1, 3))])


def plain_cell(digit: UInt8Array, random: Random) -> bytes:
    return _photo(_cell(digit, random), random)


def in_shadow(digit: UInt8Array, random: Random) -> bytes:
    return _photo(shadowed(_cell(digit, random), random, random.uniform(0.2, 0.5)), random)


def grid_line(digit: UInt8Array, random: Random) -> bytes:
    """A thick line of the grid is in the picture at one or two sides."""
    sheet = _cell(digit, random)
    sides = _one_or_two_sides(random)
    frame = Frame((0.03, 0.08), (0, 0.05), sides, degrees=3, reach=0.2)
    return _photo(inked(sheet, frame_lines(sheet.shape[:2], random, frame), BLACK), random)


def table_edge(digit: UInt8Array, random: Random) -> bytes:
    """The paper ends at one or two sides, and a dark table is seen."""
    sheet = _cell(digit, random)
    frame = Frame((0.12, 0.2), (-0.02, 0.02), _one_or_two_sides(random), degrees=4, reach=0.3)
    table = cv2.GaussianBlur(frame_lines(sheet.shape[:2], random, frame), (0, 0), 1.5)
    colour = tuple(random.uniform(0.05, 0.3, 3).tolist())
    return _photo(inked(sheet, table, colour), random)


def cut_digit(digit: UInt8Array, random: Random) -> bytes:
    """A side of the picture cuts a little off the digit; at times a line is at the other side."""
    side = int(random.integers(4))
    sheet = _cell(digit, random, SIDES[side])
    if random.integers(2):
        opposite = SIDES[side ^ 1]
        frame = Frame((0.03, 0.08), (0, 0.03), opposite, degrees=2, reach=0.2)
        sheet = inked(sheet, frame_lines(sheet.shape[:2], random, frame), (0.3, 0.33, 0.33))
    return _photo(sheet, random)


def neighbour(digit: UInt8Array, random: Random) -> bytes:
    """A thin line and a scrap of the next cell's digit are at one side."""
    sheet = _cell(digit, random)
    height, width = sheet.shape[:2]
    ink = tight_strokes(rotated(digit, random.uniform(-25, 25)), round(height * 0.55))
    visible = random.uniform(0.05, 0.09) * width
    left = round(width - visible) if random.integers(2) else round(visible - ink.shape[1])
    top = int(random.integers(0, height // 3))
    scrap = pasted(np.zeros((height, width), np.float32), ink, top, left)
    return _photo(inked(sheet, scrap, BLACK), random)


KINDS: dict[str, Callable[[UInt8Array, Random], bytes]] = {
    "photographed cell": plain_cell,
    "photographed cell in a shadow": in_shadow,
    "photographed cell, thick line at one or two sides": grid_line,
    "photographed cell, dark table at one or two sides": table_edge,
    "photographed cell, digit cut off at one side": cut_digit,
    "photographed cell, scrap of a neighbour's digit": neighbour,
}
