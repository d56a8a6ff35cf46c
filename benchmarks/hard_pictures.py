"""Make pictures of digits as people might draw or photograph them, from clean 28x28 images.

Each kind of picture is a function that takes a digit, (28, 28) uint8 with 0 for background, and a
random generator, and returns the content of a picture file.
"""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.paper import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    RED,
    WHITE,
    jpeg,
    on_paper,
    photographed,
    png,
    shadowed,
    squared,
)
from benchmarks.strokes import Random, placed, rotated, sharp_strokes, thin_strokes
from pictures.arrays import Levels, UInt8Array


def _drawn(digit: UInt8Array, random: Random) -> Levels:
    side = int(random.integers(120, 220))
    return placed(sharp_strokes(digit, side), (280, 280), random)


def drawing(digit: UInt8Array, random: Random) -> bytes:
    return png(on_paper(_drawn(digit, random), BLACK, WHITE))


def coloured(digit: UInt8Array, random: Random) -> bytes:
    inks = (BLUE, RED, GREEN, ORANGE)
    papers = (WHITE, (0.98, 0.93, 0.6), (0.75, 0.88, 0.98))
    ink, paper = inks[int(random.integers(4))], papers[int(random.integers(3))]
    return png(on_paper(_drawn(digit, random), ink, paper))


def in_shadow(digit: UInt8Array, random: Random) -> bytes:
    sheet = on_paper(_drawn(digit, random), BLACK, WHITE)
    return jpeg(photographed(shadowed(sheet, random, depth=0.6), random))


def blurred(digit: UInt8Array, random: Random) -> bytes:
    sheet = on_paper(_drawn(digit, random), BLACK, WHITE)
    return png(cv2.GaussianBlur(sheet, (0, 0), random.uniform(2, 5)))


def noisy(digit: UInt8Array, random: Random) -> bytes:
    sheet = on_paper(_drawn(digit, random), BLACK, WHITE)
    return png((sheet + random.normal(0, 0.12, sheet.shape)).astype(np.float32))


def drawing_rotated(digit: UInt8Array, random: Random) -> bytes:
    return drawing(rotated(digit, random.uniform(-15, 15)), random)


def jpeg_30(digit: UInt8Array, random: Random) -> bytes:
    return jpeg(on_paper(_drawn(digit, random), BLACK, WHITE), quality=30)


def _of_size(digit: UInt8Array, random: Random, size: int) -> bytes:
    coverage = placed(
        sharp_strokes(digit, round(size * random.uniform(0.6, 0.9))), (size, size), random
    )
    return jpeg(on_paper(coverage, BLACK, WHITE))


def size_40(digit: UInt8Array, random: Random) -> bytes:
    return _of_size(digit, random, 40)


def size_1000(digit: UInt8Array, random: Random) -> bytes:
    return _of_size(digit, random, 1000)


def size_4000(digit: UInt8Array, random: Random) -> bytes:
    return _of_size(digit, random, 4000)


def squared_paper(digit: UInt8Array, random: Random) -> bytes:
    sheet = squared(
        on_paper(_drawn(digit, random), BLUE, WHITE), random, int(random.integers(25, 60)), 1
    )
    return jpeg(photographed(shadowed(sheet, random, depth=0.3), random))


def ballpoint(digit: UInt8Array, random: Random) -> bytes:
    side = int(random.integers(160, 300))
    coverage = placed(thin_strokes(digit, side, random.uniform(1.8, 3.5)), (480, 360), random)
    sheet = on_paper(coverage, BLUE, WHITE, strength=0.8)
    return jpeg(photographed(shadowed(sheet, random, depth=0.3), random, blur=1))


def ballpoint_on_squares(digit: UInt8Array, random: Random) -> bytes:
    side = int(random.integers(160, 300))
    coverage = placed(thin_strokes(digit, side, random.uniform(2.2, 4)), (480, 360), random)
    sheet = on_paper(coverage, BLUE, WHITE, strength=0.85)
    sheet = squared(sheet, random, int(random.integers(25, 60)), random.uniform(0.5, 1))
    return jpeg(photographed(shadowed(sheet, random, depth=0.4), random, blur=1))


def felt_pen(digit: UInt8Array, random: Random) -> bytes:
    thick = cv2.dilate(sharp_strokes(digit, 168), np.ones((7, 7), np.uint8))
    sheet = on_paper(placed(thick, (320, 240), random), BLACK, WHITE, strength=0.9)
    return jpeg(photographed(shadowed(sheet, random, depth=0.4), random))


def chalk(digit: UInt8Array, random: Random) -> bytes:
    coverage = placed(sharp_strokes(digit, int(random.integers(140, 230))), (360, 480), random)
    crumbs = cv2.GaussianBlur(random.normal(0, 1, coverage.shape).astype(np.float32), (0, 0), 1.2)
    coverage = coverage * np.clip(0.75 + 0.35 * crumbs / crumbs.std(), 0, 1)
    smear = cv2.GaussianBlur(random.normal(0, 1, coverage.shape).astype(np.float32), (0, 0), 25)
    board = on_paper(coverage, (0.9, 0.9, 0.86), (0.14, 0.24, 0.19), strength=0.85)
    board = board + 0.03 * (smear / smear.std())[..., np.newaxis]
    return jpeg(photographed(shadowed(board, random, depth=0.4), random, noise=0.03))


def uneven_photo(digit: UInt8Array, random: Random) -> bytes:
    digit = rotated(digit, random.uniform(-10, 10))
    side = int(random.integers(250, 450))
    coverage = placed(sharp_strokes(digit, side), (800, 600), random)
    ink = (BLACK, BLUE, RED)[int(random.integers(3))]
    sheet = on_paper(coverage, ink, WHITE, strength=random.uniform(0.5, 0.9))
    sheet = shadowed(shadowed(sheet, random, depth=0.5), random, depth=0.3)
    return jpeg(photographed(sheet, random, noise=0.04, blur=1.5), quality=60)


KINDS: dict[str, Callable[[UInt8Array, Random], bytes]] = {
    "black on white, 280 px": drawing,
    "coloured ink and paper": coloured,
    "shadow across the sheet": in_shadow,
    "blur": blurred,
    "noise": noisy,
    "rotation up to 15°": drawing_rotated,
    "JPEG at quality 30": jpeg_30,
    "40 px": size_40,
    "1000 px": size_1000,
    "4000 px": size_4000,
    "squared paper": squared_paper,
    "blue ballpoint": ballpoint,
    "blue ballpoint on squared paper": ballpoint_on_squares,
    "felt pen": felt_pen,
    "chalk on a blackboard": chalk,
    "light uneven photo": uneven_photo,
}
