"""Make pictures of digits as people might draw or photograph them, from clean 28x28 images.

Each kind of picture is a function that takes a digit, (28, 28) uint8 with 0 for background, and a
random generator, and returns the content of a picture file.
"""

import io
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from PIL import Image

from app.arrays import Levels, Mask, UInt8Array

Random = np.random.Generator

BLACK, WHITE = (0.1, 0.1, 0.1), (0.96, 0.96, 0.94)
BLUE, RED, GREEN, ORANGE = (0.13, 0.2, 0.62), (0.8, 0.1, 0.15), (0.1, 0.5, 0.2), (0.95, 0.55, 0.1)


def sharp_strokes(digit: UInt8Array, side: int) -> Levels:
    """Enlarge a digit to ink (side, side) with edges as sharp as a pen's."""
    large = cv2.resize(digit, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    softness = min(56 / side, 1)  # the range of levels that becomes an edge of about two pixels
    return np.clip((large - 0.5) / softness + 0.5, 0, 1)


def thin_strokes(digit: UInt8Array, side: int, width: float) -> Levels:
    """Draw along the centre lines of a digit's strokes with a pen `width` pixels wide."""
    centre_line = skeleton(sharp_strokes(digit, 112) > 0.5).astype(np.float32)
    line = cv2.resize(centre_line, (side, side), interpolation=cv2.INTER_LINEAR)
    line = cv2.GaussianBlur(line, (0, 0), max(side / 200, 0.5))
    distance = cv2.distanceTransform((line < 0.3 * line.max()).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.clip(width / 2 - distance + 0.5, 0, 1))


def skeleton(mask: Mask) -> Mask:
    """Thin a mask to lines one pixel wide (Zhang and Suen 1984, doi:10.1145/357994.358023)."""
    image = np.pad(mask, 1)
    changed = True
    while changed:
        changed = False
        for step in (0, 1):
            # the eight neighbours, clockwise from the one above
            shifts = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]
            p = np.stack([np.roll(image, (-y, -x), (0, 1)) for y, x in shifts])
            neighbours = p.sum(axis=0)
            turns = (~p & np.roll(p, -1, axis=0)).sum(axis=0)
            up, right, down, left = p[0], p[2], p[4], p[6]
            if step == 0:
                free = ~(up & right & down) & ~(right & down & left)
            else:
                free = ~(up & right & left) & ~(up & down & left)
            removed = image & (neighbours >= 2) & (neighbours <= 6) & (turns == 1) & free
            image = image & ~removed
            changed |= bool(removed.any())
    return image[1:-1, 1:-1]


def placed(coverage: Levels, shape: tuple[int, int], random: Random) -> Levels:
    """Place a square drawing (side, side) at a random position on an empty sheet."""
    sheet = np.zeros(shape, np.float32)
    side = coverage.shape[0]
    top, left = (int(random.integers(0, length - side + 1)) for length in shape)
    sheet[top : top + side, left : left + side] = coverage
    return sheet


def on_paper(
    coverage: Levels, ink: tuple[float, ...], paper: tuple[float, ...], strength: float = 1
) -> Levels:
    """Colour the ink and the paper of a drawing (H, W); return levels (H, W, 3)."""
    share = (coverage * strength)[..., np.newaxis]
    return np.asarray(share * np.array(ink) + (1 - share) * np.array(paper), np.float32)


def squared(sheet: Levels, random: Random, spacing: int, strength: float) -> Levels:
    """Print squares on a sheet (H, W, 3), light blue or grey and slightly rotated."""
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
    """Cast a shadow with a soft edge across a sheet; its light also fades to one side."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    angle = random.uniform(0, 2 * np.pi)
    position = x * np.cos(angle) + y * np.sin(angle)
    position = (position - position.min()) / np.ptp(position)
    fading = 1 - 0.3 * position
    edge = 1 / (1 + np.exp((random.uniform(0.3, 0.7) - position) / random.uniform(0.01, 0.06)))
    return np.asarray(sheet * (fading * (1 - depth * edge))[..., np.newaxis], np.float32)


def photographed(sheet: Levels, random: Random, noise: float = 0.02, blur: float = 0.8) -> Levels:
    """Add the texture of paper, the blur of a lens and the noise of a sensor."""
    height, width = sheet.shape[:2]
    texture = cv2.GaussianBlur(random.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 2)
    sheet = sheet * (1 + 0.03 * texture / texture.std())[..., np.newaxis]
    sheet = cv2.GaussianBlur(sheet, (0, 0), blur)
    return (sheet + random.normal(0, noise, sheet.shape)).astype(np.float32)


def rotated(digit: UInt8Array, degrees: float) -> UInt8Array:
    """Rotate a digit (28, 28) about its centre."""
    matrix = cv2.getRotationMatrix2D((13.5, 13.5), degrees, 1)
    return np.asarray(cv2.warpAffine(digit, matrix, (28, 28), flags=cv2.INTER_CUBIC))


def png(sheet: Levels) -> bytes:
    """Encode levels (H, W, 3) as a PNG file."""
    return _encoded(sheet, format="PNG", compress_level=1)


def jpeg(sheet: Levels, quality: int = 85) -> bytes:
    """Encode levels (H, W, 3) as a JPEG file."""
    return _encoded(sheet, format="JPEG", quality=quality)


def _encoded(sheet: Levels, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.rint(np.clip(sheet, 0, 1) * 255).astype(np.uint8)).save(buffer, **options)
    return buffer.getvalue()


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
