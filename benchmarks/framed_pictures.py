"""Make scans of one cell of a form, with the digit in it and the cell's printed frame.

Each kind of picture is a function that takes a digit, (28, 28) uint8 with 0 for background, and a
random generator, and returns the content of a picture file.
"""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.cells import Frame, fitting_ink, scanned_cell
from benchmarks.paper import BLACK, GREEN, ORANGE, RED, inked, jpeg, png
from benchmarks.strokes import Random, pasted, rotated
from pictures.arrays import Levels, UInt8Array


def thin_frame(digit: UInt8Array, random: Random) -> bytes:
    return png(scanned_cell(digit, random, Frame((0.01, 0.02))))


def thick_frame(digit: UInt8Array, random: Random) -> bytes:
    return png(scanned_cell(digit, random, Frame((0.04, 0.08), (0.05, 0.09))))


def touching_digit(digit: UInt8Array, random: Random) -> bytes:
    return png(scanned_cell(digit, random, Frame((0.01, 0.04), (0.05, 0.1)), beyond=(-0.01, 0.02)))


def crossing_digit(digit: UInt8Array, random: Random) -> bytes:
    return png(scanned_cell(digit, random, Frame((0.01, 0.03), (0.14, 0.2)), beyond=(0.06, 0.16)))


def inset_frame(digit: UInt8Array, random: Random) -> bytes:
    return png(scanned_cell(digit, random, Frame((0.01, 0.04), (0.1, 0.16))))


def cut_frame(digit: UInt8Array, random: Random) -> bytes:
    return png(scanned_cell(digit, random, Frame((0.02, 0.06), (-0.01, 0.02))))


def some_sides(digit: UInt8Array, random: Random) -> bytes:
    sides = ("left bottom", "right top", "left", "right", "top", "left bottom right", "left right")
    chosen = sides[int(random.integers(len(sides)))]
    return png(scanned_cell(digit, random, Frame((0.01, 0.05), (0, 0.08), chosen)))


def underline(digit: UInt8Array, random: Random) -> bytes:
    """A line below the digit, which may stand on it or cross it a little."""
    frame = Frame((0.01, 0.04), (0.06, 0.14), "bottom", 2, reach=float(random.choice([-0.08, 0.2])))
    return png(scanned_cell(digit, random, frame, beyond=(-0.12, 0.06)))


def rotated_frame(digit: UInt8Array, random: Random) -> bytes:
    return png(scanned_cell(digit, random, Frame((0.01, 0.04), (0.03, 0.08), degrees=2)))


def broken_frame(digit: UInt8Array, random: Random) -> bytes:
    dash = random.uniform(0.015, 0.15), random.uniform(0.015, 0.06)
    return png(scanned_cell(digit, random, Frame((0.01, 0.03), (0.02, 0.08), dash=dash)))


def coloured_frame(digit: UInt8Array, random: Random) -> bytes:
    grey = (float(random.uniform(0.4, 0.75)),) * 3
    colour = (grey, RED, ORANGE, GREEN, (0.4, 0.6, 0.9))[int(random.integers(5))]
    return png(scanned_cell(digit, random, Frame((0.01, 0.05)), colour))


def comb_field(digit: UInt8Array, random: Random) -> bytes:
    """A line below, with short ticks between the places of digits."""
    sheet = scanned_cell(digit, random, Frame(sides=""))
    height, width = sheet.shape[:2]
    half = max(0.5, random.uniform(0.005, 0.015) * height)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    bottom = height * random.uniform(0.92, 0.97)
    tick = bottom - height * random.uniform(0.12, 0.4)
    pitch = width * random.uniform(0.86, 0.94)
    from_tick = np.abs((x - width / 2) % pitch - pitch / 2)
    lines = np.clip(half + 0.5 - np.abs(y - bottom), 0, 1)
    lines = np.maximum(lines, np.clip(half + 0.5 - from_tick, 0, 1) * ((y > tick) & (y < bottom)))
    return png(inked(sheet, lines, BLACK))


def neighbour_cells(digit: UInt8Array, random: Random) -> bytes:
    """The lines go on to the next cells, of which a part is seen, at times with a digit."""
    frame = Frame((0.01, 0.03), (0.1, 0.17), reach=0.3)
    sheet = scanned_cell(digit, random, frame)
    if random.integers(2):
        ink = fitting_ink(rotated(digit, random.uniform(-20, 20)), random, sheet.shape[:2])
        left = round(-0.92 * ink.shape[1]) if random.integers(2) else round(0.92 * sheet.shape[1])
        neighbour = pasted(np.zeros(sheet.shape[:2], np.float32), ink, sheet.shape[0] // 5, left)
        sheet = inked(sheet, neighbour, BLACK)
    return png(sheet)


def _any_frame(digit: UInt8Array, random: Random) -> Levels:
    return scanned_cell(digit, random, Frame((0.015, 0.06), (0, 0.12), degrees=1.5))


def scanned(digit: UInt8Array, random: Random) -> bytes:
    sheet = cv2.GaussianBlur(_any_frame(digit, random), (0, 0), random.uniform(0.5, 1.6))
    noise = random.normal(0, random.uniform(0.01, 0.05), sheet.shape)
    return jpeg((sheet + noise).astype(np.float32), quality=int(random.integers(30, 80)))


def low_resolution(digit: UInt8Array, random: Random) -> bytes:
    sheet = _any_frame(digit, random)
    factor = random.uniform(32, 60) / max(sheet.shape)
    size = round(sheet.shape[1] * factor), round(sheet.shape[0] * factor)
    return png(cv2.resize(sheet, size, interpolation=cv2.INTER_AREA))


KINDS: dict[str, Callable[[UInt8Array, Random], bytes]] = {
    "thin frame": thin_frame,
    "thick frame": thick_frame,
    "frame that the digit touches": touching_digit,
    "frame that the digit crosses": crossing_digit,
    "frame inside the picture": inset_frame,
    "frame cut off by the picture": cut_frame,
    "one to three sides of a frame": some_sides,
    "underline": underline,
    "frame rotated up to 2°": rotated_frame,
    "dashed or dotted frame": broken_frame,
    "grey or coloured frame": coloured_frame,
    "comb field": comb_field,
    "neighbouring cells in sight": neighbour_cells,
    "frame, scanned": scanned,
    "frame, 32 to 60 px": low_resolution,
}
