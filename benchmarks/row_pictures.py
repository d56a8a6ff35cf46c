"""Make pictures of rows of digits, apart, touching or joined, as on cheques and forms.

Each kind of picture is a function that takes two to eight digits, (N, 28, 28) uint8 with 0 for
background, and a random generator, and returns the content of a picture file.
"""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.cells import Frame, frame_lines
from benchmarks.rows import chosen_height, drawn_inks, grey_png, plain_row, row, scan
from benchmarks.strokes import Random
from pictures.arrays import Levels, UInt8Array

GAPS = (0.04, 0.3)  # between two digits, of their height


def _resized(ink: Levels, factor: float) -> Levels:
    size = max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor))
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA))


def wide_gaps(digits: UInt8Array, random: Random) -> bytes:
    return grey_png(plain_row(digits, random, (0.3, 0.8))[0], random)


def one_pixel_apart(digits: UInt8Array, random: Random) -> bytes:
    inks = drawn_inks(digits, random, chosen_height(random))
    return grey_png(row(inks, random, (1, 1))[0], random)


def touching(digits: UInt8Array, random: Random) -> bytes:
    inks = drawn_inks(digits, random, chosen_height(random))
    return grey_png(row(inks, random, (-1, -1))[0], random)


def overlapping(digits: UInt8Array, random: Random) -> bytes:
    return grey_png(plain_row(digits, random, (-0.11, -0.07))[0], random)


def joined(digits: UInt8Array, random: Random) -> bytes:
    """A stroke leads from the lower right of a digit to the nearest ink of the next."""
    height = chosen_height(random)
    inks = drawn_inks(digits, random, height)
    sheet, lefts = row(inks, random, (0.1 * height, 0.25 * height))
    lower = sheet.shape[0] // 2
    thickness = max(1, round(height * random.uniform(0.05, 0.09)))
    strokes = np.zeros(sheet.shape, np.uint8)
    for left in lefts[1:]:
        if random.random() < 0.6:
            before = np.argwhere(sheet[lower:, :left] > 0.5)
            after = np.argwhere(sheet[lower:, left:] > 0.5)
            if len(before) and len(after):
                start, end = before[before[:, 1].argmax()], after[after[:, 1].argmin()]
                points = (
                    (int(start[1]), int(start[0]) + lower),
                    (int(end[1]) + left, int(end[0]) + lower),
                )
                cv2.line(strokes, *points, 255, thickness, cv2.LINE_AA)
    return grey_png(np.maximum(sheet, strokes.astype(np.float32) / 255), random)


def different_sizes(digits: UInt8Array, random: Random) -> bytes:
    inks = drawn_inks(digits, random, chosen_height(random))
    small = [_resized(ink, random.uniform(0.5, 1)) for ink in inks[1:]]
    return grey_png(row([inks[0], *small], random, (1, 0.3 * len(inks[0])))[0], random)


def wandering_baseline(digits: UInt8Array, random: Random) -> bytes:
    return grey_png(plain_row(digits, random, (0.05, 0.3), wander=0.22)[0], random)


def with_marks(digits: UInt8Array, random: Random) -> bytes:
    """A point or a comma between two digits, and at times a dash at the end."""
    height = chosen_height(random)
    inks = drawn_inks(digits, random, height)
    thick = max(2, round(height * random.uniform(0.08, 0.15)))
    point = np.ones((thick, thick), np.float32)
    place = int(random.integers(1, len(inks)))
    tail = np.tri(thick, dtype=np.float32)[::-1]
    mark = point if random.integers(2) else np.vstack([point, tail])
    dash = np.zeros((round(0.5 * height), round(height * random.uniform(0.3, 0.6))), np.float32)
    dash[: max(1, thick // 2)] = 1
    end = [dash] if random.integers(2) else []
    marked = [*inks[:place], mark, *inks[place:], *end]
    return grey_png(row(marked, random, (0.08 * height, 0.25 * height))[0], random)


def in_frame(digits: UInt8Array, random: Random) -> bytes:
    sheet, _ = plain_row(digits, random, GAPS)
    lines = frame_lines(sheet.shape, random, Frame((0.02, 0.05), (0.03, 0.09)))
    return grey_png(np.maximum(sheet, lines), random)


def on_underline(digits: UInt8Array, random: Random) -> bytes:
    """The line is just below the digits, or they stand on it."""
    sheet, height = plain_row(digits, random, GAPS)
    line = round(sheet.shape[0] - height * random.uniform(0.05, 0.24))
    thickness = max(1, round(height * random.uniform(0.02, 0.06)))
    sheet = sheet.copy()
    sheet[line : line + thickness] = 1
    return grey_png(sheet, random)


def guilloche(shape: tuple[int, int], random: Random) -> Levels:
    """Print two sets of fine wavy lines (H, W), as on cheques against forgery."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    lines = np.zeros(shape, np.float32)
    for _ in range(2):
        angle, pitch = random.uniform(-0.4, 0.4), random.uniform(3, 8)
        wave = random.uniform(1, 5) * np.sin(x / random.uniform(6, 25) + random.uniform(0, 6))
        across = y * np.cos(angle) + x * np.sin(angle) + wave
        lines = np.maximum(lines, np.clip(1 - np.abs((across % pitch) - pitch / 2), 0, 1))
    return np.asarray(cv2.GaussianBlur(lines, (0, 0), 0.5))


def on_guilloche(digits: UInt8Array, random: Random) -> bytes:
    sheet, _ = plain_row(digits, random, GAPS)
    paper = random.uniform(0.65, 0.95) - random.uniform(0.1, 0.3) * guilloche(sheet.shape, random)
    return scan(cv2.GaussianBlur(sheet, (0, 0), 0.5), paper, random.uniform(0.05, 0.3), random)


KINDS: dict[str, Callable[[UInt8Array, Random], bytes]] = {
    "row, wide gaps": wide_gaps,
    "row, 1 px apart": one_pixel_apart,
    "row, touching": touching,
    "row, overlapping": overlapping,
    "row, some joined by a stroke": joined,
    "row, different sizes": different_sizes,
    "row, wandering baseline": wandering_baseline,
    "row with point, comma or dash": with_marks,
    "row in a frame": in_frame,
    "row on an underline": on_underline,
    "row on a cheque's pattern": on_guilloche,
}
