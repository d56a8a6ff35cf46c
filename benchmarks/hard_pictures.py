"""Digits as people might photograph or draw them, made from clean 28x28 ones.

Each kind of picture is a function of a digit, (28, 28) uint8 with 0 for background, and a random
generator, and gives a file's content.
"""

import io
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]
Levels = NDArray[Any]  # float32, (H, W) or (H, W, 3), 0 to 1
Random = np.random.Generator

BLACK, WHITE = (0.1, 0.1, 0.1), (0.96, 0.96, 0.94)
BLUE, RED, GREEN, ORANGE = (0.13, 0.2, 0.62), (0.8, 0.1, 0.15), (0.1, 0.5, 0.2), (0.95, 0.55, 0.1)


def strokes(digit: Bytes, side: int) -> Levels:
    """Enlarge a digit to `side` pixels, with edges as sharp as a pen's."""
    large = cv2.resize(digit, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    softness = min(56 / side, 1)  # of an edge, in levels: about two pixels wide
    return np.clip((large - 0.5) / softness + 0.5, 0, 1)


def thin_strokes(digit: Bytes, side: int, width: float) -> Levels:
    """Draw along the middle of a digit's strokes with a pen that is `width` pixels wide."""
    middle = skeleton(strokes(digit, 112) > 0.5).astype(np.float32)
    line = cv2.resize(middle, (side, side), interpolation=cv2.INTER_LINEAR)
    line = cv2.GaussianBlur(line, (0, 0), max(side / 200, 0.5))
    away = cv2.distanceTransform((line < 0.3 * line.max()).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.clip(width / 2 - away + 0.5, 0, 1))


def skeleton(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thin a mask to lines of one pixel (Zhang and Suen 1984, doi:10.1145/357994.358023)."""
    image = np.pad(mask, 1)
    changed = True
    while changed:
        changed = False
        for step in (0, 1):
            # the eight neighbours, clockwise from the one above
            shifts = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]
            p = np.stack([np.roll(image, (-y, -x), (0, 1)) for y, x in shifts])
            number = p.sum(axis=0)
            turns = (~p & np.roll(p, -1, axis=0)).sum(axis=0)
            up, right, down, left = p[0], p[2], p[4], p[6]
            if step == 0:
                free = ~(up & right & down) & ~(right & down & left)
            else:
                free = ~(up & right & left) & ~(up & down & left)
            removed = image & (number >= 2) & (number <= 6) & (turns == 1) & free
            image = image & ~removed
            changed |= bool(removed.any())
    return image[1:-1, 1:-1]


def placed(coverage: Levels, shape: tuple[int, int], random: Random) -> Levels:
    """Put a drawing somewhere on an empty sheet of `shape`."""
    sheet = np.zeros(shape, np.float32)
    side = coverage.shape[0]
    top, left = (int(random.integers(0, length - side + 1)) for length in shape)
    sheet[top : top + side, left : left + side] = coverage
    return sheet


def on_paper(
    coverage: Levels, ink: tuple[float, ...], paper: tuple[float, ...], strength: float = 1
) -> Levels:
    """Colour a drawing: (H, W) coverage to (H, W, 3)."""
    share = (coverage * strength)[..., np.newaxis]
    return np.asarray(share * np.array(ink) + (1 - share) * np.array(paper), np.float32)


def squared(sheet: Levels, random: Random, spacing: int, strength: float) -> Levels:
    """Print squares on a sheet, light blue or grey, a little turned."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = np.deg2rad(random.uniform(-2.5, 2.5))
    along = x * np.cos(angle) + y * np.sin(angle) + random.uniform(0, spacing)
    down = y * np.cos(angle) - x * np.sin(angle) + random.uniform(0, spacing)
    half = max(0.6, spacing / 40)
    nearest = np.minimum(
        *(np.abs((v + spacing / 2) % spacing - spacing / 2) for v in (along, down))
    )
    lines = np.clip(half + 0.5 - nearest, 0, 1)[..., np.newaxis] * strength
    colour = np.array([(0.45, 0.6, 0.85), (0.5, 0.5, 0.5)][int(random.integers(2))])
    return np.asarray(sheet * (1 - lines * (1 - colour)), np.float32)


def shadowed(sheet: Levels, random: Random, depth: float) -> Levels:
    """Let a shadow with a soft edge fall across a sheet, under light that fades to one side."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    angle = random.uniform(0, 2 * np.pi)
    way = x * np.cos(angle) + y * np.sin(angle)
    way = (way - way.min()) / np.ptp(way)
    fading = 1 - 0.3 * way
    edge = 1 / (1 + np.exp((random.uniform(0.3, 0.7) - way) / random.uniform(0.01, 0.06)))
    return np.asarray(sheet * (fading * (1 - depth * edge))[..., np.newaxis], np.float32)


def photographed(sheet: Levels, random: Random, grain: float = 0.02, blur: float = 0.8) -> Levels:
    """Add paper texture, the lens's blur and the sensor's noise."""
    height, width = sheet.shape[:2]
    texture = cv2.GaussianBlur(random.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 2)
    sheet = sheet * (1 + 0.03 * texture / texture.std())[..., np.newaxis]
    sheet = cv2.GaussianBlur(sheet, (0, 0), blur)
    return (sheet + random.normal(0, grain, sheet.shape)).astype(np.float32)


def turned(digit: Bytes, degrees: float) -> Bytes:
    """Rotate a digit about its middle."""
    matrix = cv2.getRotationMatrix2D((13.5, 13.5), degrees, 1)
    return np.asarray(cv2.warpAffine(digit, matrix, (28, 28), flags=cv2.INTER_CUBIC))


def png(sheet: Levels) -> bytes:
    """Encode (H, W, 3) levels as PNG."""
    return _encoded(sheet, format="PNG", compress_level=1)


def jpeg(sheet: Levels, quality: int = 85) -> bytes:
    """Encode (H, W, 3) levels as JPEG."""
    return _encoded(sheet, format="JPEG", quality=quality)


def _encoded(sheet: Levels, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.rint(np.clip(sheet, 0, 1) * 255).astype(np.uint8)).save(buffer, **options)
    return buffer.getvalue()


def _drawn(digit: Bytes, random: Random) -> Levels:
    side = int(random.integers(120, 220))
    return placed(strokes(digit, side), (280, 280), random)


def drawing(digit: Bytes, random: Random) -> bytes:
    return png(on_paper(_drawn(digit, random), BLACK, WHITE))


def coloured(digit: Bytes, random: Random) -> bytes:
    inks = (BLUE, RED, GREEN, ORANGE)
    papers = (WHITE, (0.98, 0.93, 0.6), (0.75, 0.88, 0.98))
    ink, paper = inks[int(random.integers(4))], papers[int(random.integers(3))]
    return png(on_paper(_drawn(digit, random), ink, paper))


def in_shadow(digit: Bytes, random: Random) -> bytes:
    sheet = on_paper(_drawn(digit, random), BLACK, WHITE)
    return jpeg(photographed(shadowed(sheet, random, depth=0.6), random))


def blurred(digit: Bytes, random: Random) -> bytes:
    sheet = on_paper(_drawn(digit, random), BLACK, WHITE)
    return png(cv2.GaussianBlur(sheet, (0, 0), random.uniform(2, 5)))


def noisy(digit: Bytes, random: Random) -> bytes:
    sheet = on_paper(_drawn(digit, random), BLACK, WHITE)
    return png((sheet + random.normal(0, 0.12, sheet.shape)).astype(np.float32))


def rotated(digit: Bytes, random: Random) -> bytes:
    return drawing(turned(digit, random.uniform(-15, 15)), random)


def jpeg_30(digit: Bytes, random: Random) -> bytes:
    return jpeg(on_paper(_drawn(digit, random), BLACK, WHITE), quality=30)


def _of_size(digit: Bytes, random: Random, size: int) -> bytes:
    coverage = placed(strokes(digit, round(size * random.uniform(0.6, 0.9))), (size, size), random)
    return jpeg(on_paper(coverage, BLACK, WHITE))


def size_40(digit: Bytes, random: Random) -> bytes:
    return _of_size(digit, random, 40)


def size_1000(digit: Bytes, random: Random) -> bytes:
    return _of_size(digit, random, 1000)


def size_4000(digit: Bytes, random: Random) -> bytes:
    return _of_size(digit, random, 4000)


def squared_paper(digit: Bytes, random: Random) -> bytes:
    sheet = squared(
        on_paper(_drawn(digit, random), BLUE, WHITE), random, int(random.integers(25, 60)), 1
    )
    return jpeg(photographed(shadowed(sheet, random, depth=0.3), random))


def ballpoint(digit: Bytes, random: Random) -> bytes:
    side = int(random.integers(160, 300))
    coverage = placed(thin_strokes(digit, side, random.uniform(1.8, 3.5)), (480, 360), random)
    sheet = on_paper(coverage, BLUE, WHITE, strength=0.8)
    return jpeg(photographed(shadowed(sheet, random, depth=0.3), random, blur=1))


def ballpoint_on_squares(digit: Bytes, random: Random) -> bytes:
    side = int(random.integers(160, 300))
    coverage = placed(thin_strokes(digit, side, random.uniform(2.2, 4)), (480, 360), random)
    sheet = on_paper(coverage, BLUE, WHITE, strength=0.85)
    sheet = squared(sheet, random, int(random.integers(25, 60)), random.uniform(0.5, 1))
    return jpeg(photographed(shadowed(sheet, random, depth=0.4), random, blur=1))


def felt_pen(digit: Bytes, random: Random) -> bytes:
    thick = cv2.dilate(strokes(digit, 168), np.ones((7, 7), np.uint8))
    sheet = on_paper(placed(thick, (320, 240), random), BLACK, WHITE, strength=0.9)
    return jpeg(photographed(shadowed(sheet, random, depth=0.4), random))


def chalk(digit: Bytes, random: Random) -> bytes:
    coverage = placed(strokes(digit, int(random.integers(140, 230))), (360, 480), random)
    crumbs = cv2.GaussianBlur(random.normal(0, 1, coverage.shape).astype(np.float32), (0, 0), 1.2)
    coverage = coverage * np.clip(0.75 + 0.35 * crumbs / crumbs.std(), 0, 1)
    smear = cv2.GaussianBlur(random.normal(0, 1, coverage.shape).astype(np.float32), (0, 0), 25)
    board = on_paper(coverage, (0.9, 0.9, 0.86), (0.14, 0.24, 0.19), strength=0.85)
    board = board + 0.03 * (smear / smear.std())[..., np.newaxis]
    return jpeg(photographed(shadowed(board, random, depth=0.4), random, grain=0.03))


def uneven_photo(digit: Bytes, random: Random) -> bytes:
    digit = turned(digit, random.uniform(-10, 10))
    side = int(random.integers(250, 450))
    coverage = placed(strokes(digit, side), (800, 600), random)
    ink = (BLACK, BLUE, RED)[int(random.integers(3))]
    sheet = on_paper(coverage, ink, WHITE, strength=random.uniform(0.5, 0.9))
    sheet = shadowed(shadowed(sheet, random, depth=0.5), random, depth=0.3)
    return jpeg(photographed(sheet, random, grain=0.04, blur=1.5), quality=60)


KINDS: dict[str, Callable[[Bytes, Random], bytes]] = {
    "black on white, 280 px": drawing,
    "coloured ink and paper": coloured,
    "shadow across the sheet": in_shadow,
    "blur": blurred,
    "noise": noisy,
    "rotation up to 15°": rotated,
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
