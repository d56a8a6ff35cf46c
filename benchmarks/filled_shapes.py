"""Make pictures of filled shapes, dots, clothes and textures, and of empty cells.

Each kind of picture is a function that takes a random generator and returns the content of a
picture file.
"""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.cells import Frame, frame_lines
from benchmarks.characters import white_on_black
from benchmarks.paper import BLACK, WHITE, inked, jpeg, lit, on_paper, photographed, png, tint
from benchmarks.strokes import Random, distorted
from pictures.arrays import Levels

SIDE = 200  # pixels

# Outlines of clothes in a square of 28: the left half from the top down, as (x, y).
CLOTHES = {
    "shirt": [(11, 3), (7, 4), (2, 11), (5, 13), (8, 10), (8, 25)],
    "pullover": [(11, 3), (7, 4), (4, 12), (2, 23), (5, 24), (8, 13), (8, 25)],
    "trousers": [(9, 2), (8, 10), (8, 26), (12, 26), (13, 10)],
    "dress": [(11, 2), (10, 8), (11, 12), (6, 26)],
    "bag": [(10, 10), (3, 11), (3, 25)],
    "coat": [(11, 2), (7, 4), (4, 14), (3, 22), (6, 22), (8, 14), (7, 27)],
}


def _filled(points: np.ndarray, side: int) -> Levels:
    """Fill the polygon with these corners, (N, 2) as (x, y), in a sheet (side, side)."""
    canvas = np.zeros((side, side), np.uint8)
    cv2.fillPoly(canvas, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255


def filled_shape(random: Random) -> bytes:
    """A disc, an ellipse or a polygon of three to seven corners."""
    corners = int(random.choice([3, 4, 4, 5, 6, 7, 64, 64]))
    angles = random.uniform(0, 2 * np.pi) + np.arange(corners) * 2 * np.pi / corners
    radii = random.uniform(40, 65) * random.uniform(0.85, 1.15, 2)
    points = SIDE / 2 + np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii
    ink = distorted(_filled(points, SIDE), random, random.uniform(0, 0.02))
    return png(on_paper(np.clip(ink, 0, 1), BLACK, WHITE))


def filled_scribble(random: Random) -> bytes:
    """A patch that a pen has filled line by line."""
    count = int(random.integers(10, 20))
    y = np.linspace(45, 155, count) + random.normal(0, 3, count)
    swing = random.uniform(30, 60) * (-1) ** np.arange(count) * random.uniform(0.8, 1.1, count)
    points = np.stack([100 + swing, y], axis=1)
    turned = cv2.getRotationMatrix2D((100, 100), random.uniform(0, 180), 1)
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    path = np.rint(points).astype(np.int32)
    cv2.polylines(canvas, [path], False, 255, int(random.integers(7, 14)), cv2.LINE_AA)
    ink = cv2.warpAffine(canvas, turned, (SIDE, SIDE)).astype(np.float32) / 255
    return png(on_paper(ink, BLACK, WHITE))


def dot(random: Random) -> bytes:
    """A full stop: a small disc on white paper, or white on black and 28x28."""
    side, is_small = (28, True) if random.integers(2) else (SIDE, False)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    centre = side * random.uniform(0.35, 0.65, 2)
    radius = side * random.uniform(0.04, 0.1)
    stretch = random.uniform(0.8, 1.25)
    distance = np.hypot((x - centre[0]) * stretch, y - centre[1])
    ink = np.clip(radius + 0.5 - distance, 0, 1)
    return white_on_black(ink) if is_small else png(on_paper(ink, BLACK, WHITE))


def clothes(random: Random) -> bytes:
    """The silhouette of a garment with a texture, white on black, 28x28."""
    garment = list(CLOTHES.values())[int(random.integers(len(CLOTHES)))]
    half = np.array(garment) + random.uniform(-0.8, 0.8, (len(garment), 2))
    right = half[::-1] * (-1, 1) + (28, 0)
    outline = _filled(np.concatenate([half, right]), 28)
    cloth: Levels = cv2.resize(random.uniform(0.3, 1, (6, 6)).astype(np.float32), (28, 28))
    y, x = np.mgrid[:28, :28]
    pattern = np.sin((x if random.integers(2) else y) * random.uniform(1, 2.5))
    cloth = cloth * (1 - random.choice([0, 0.3]) * (pattern > 0))
    return white_on_black(np.clip(outline * (cloth + random.normal(0, 0.05, (28, 28))), 0, 1))


def texture(random: Random) -> bytes:
    """A photo of something rough, as stone, cloth or grass: noise of several scales."""
    sheet: Levels = np.full((SIDE, SIDE, 3), random.uniform(0.3, 0.7, 3), np.float32)
    for scale in (3, 6, 12, 25, 50):
        noise = random.normal(0, random.uniform(0.02, 0.12), (scale, scale)).astype(np.float32)
        sheet = (
            sheet + cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)[..., np.newaxis]
        )
    return jpeg(photographed(sheet, random))


def empty_cell(random: Random) -> bytes:
    """A cell of a form with its frame and nothing in it, scanned or photographed."""
    height = int(random.integers(70, 220))
    shape = height, round(height * random.uniform(0.8, 1.2))
    frame = Frame((0.015, 0.06), (0, 0.12), degrees=2)
    sheet = np.full((*shape, 3), tint(random), np.float32)
    sheet = inked(sheet, frame_lines(shape, random, frame), BLACK)
    if random.integers(2):
        return png(sheet)
    return jpeg(photographed(lit(sheet, random, random.uniform(0.1, 0.4)), random))


KINDS: dict[str, Callable[[Random], bytes]] = {
    "filled shape": filled_shape,
    "filled scribble": filled_scribble,
    "dot": dot,
    "clothes, 28x28": clothes,
    "texture, photographed": texture,
    "empty cell with its frame": empty_cell,
}
