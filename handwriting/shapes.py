"""Draw what is neither digit nor character: filled shapes, silhouettes, doodles, lines and dots."""

import cv2
import numpy as np

from handwriting.distortion import CANVAS, Random
from handwriting.strokes import Points, inked
from pictures.arrays import Levels

MIDDLE, RADIUS = CANVAS / 2, CANVAS / 3


def polygon(random: Random) -> Points:
    """Return the corners (N, 2), in pixels, of a regular, star-shaped, round or odd polygon."""
    corners = int(random.choice([3, 4, 4, 5, 6, 8, 10, 40]))
    angles = np.sort(
        random.normal(np.arange(corners) * 2 * np.pi / corners, random.choice([0, 0.15]))
    )
    radii = np.ones(corners)
    if random.random() < 0.35:
        radii[::2] *= random.uniform(0.35, 0.8)  # a star
    if random.random() < 0.35:
        radii *= random.uniform(0.5, 1, corners)
    points = radii[:, np.newaxis] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    sizes = RADIUS * np.array([random.uniform(0.6, 1), 1])
    return np.asarray(MIDDLE + points * (sizes if random.random() < 0.7 else sizes[::-1]))


def blob(random: Random, bumps: int) -> Points:
    """Return the outline (100, 2), in pixels, of a smooth shape with random bumps."""
    angle = np.linspace(0, 2 * np.pi, 100)
    radius = np.ones(100)
    for frequency in range(2, 2 + bumps):
        phase = random.uniform(0, 2 * np.pi)
        radius += random.normal(0, 0.45 / frequency) * np.cos(frequency * angle + phase)
    radius = np.clip(radius, 0.15, 2.5)
    points = radius[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points *= [random.uniform(0.6, 1), 1]
    return np.asarray(MIDDLE + points * RADIUS / np.abs(points).max())


def filled(points: Points) -> Levels:
    """Fill the shape within points (N, 2) as ink (96, 96)."""
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    cv2.fillPoly(canvas, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255


def filled_shape(random: Random) -> Levels:
    """Draw a filled shape."""
    return filled(polygon(random) if random.random() < 0.6 else blob(random, 4))


def texture(random: Random) -> Levels:
    """Return a grey pattern (96, 96) from 0.15 to 1: clouds, stripes or light from one side."""
    y, x = np.mgrid[:CANVAS, :CANVAS].astype(np.float32) / CANVAS
    angle = random.choice([0, np.pi / 2, random.uniform(0, np.pi)])
    along = x * np.cos(angle) + y * np.sin(angle)
    cells = int(random.integers(3, 12))
    grid = random.uniform(0, 1, (cells, cells)).astype(np.float32)
    clouds = cv2.resize(grid, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
    stripes = 0.5 + 0.5 * np.sin(along * random.uniform(10, 70))
    weights = random.dirichlet([0.6, 0.6, 0.6])
    level = weights[0] * clouds + weights[1] * stripes + weights[2] * along
    level = (level - level.min()) / max(float(np.ptp(level)), 1e-6)
    return np.asarray(1 - random.uniform(0.1, 0.85) * level, np.float32)


def silhouette(random: Random) -> Levels:
    """Draw one to four filled shapes as one, with grey texture, as a photographed thing."""
    ink = np.zeros((CANVAS, CANVAS), np.float32)
    for _ in range(int(random.integers(1, 5))):
        points = (polygon(random) if random.random() < 0.5 else blob(random, 5)) - MIDDLE
        points *= random.uniform(0.3, 1, 2)
        ink = np.maximum(ink, filled(MIDDLE + points + random.uniform(-0.6, 0.6, 2) * RADIUS))
    if random.random() < 0.5:  # both sides alike, as clothes and faces are
        ink = np.maximum(ink, ink[:, ::-1])
    return ink * texture(random)


def doodle(random: Random) -> Levels:
    """Draw outlines with details in and on them, as sketches of animals and things have."""
    paths = []
    for _ in range(int(random.integers(1, 4))):
        outline = (polygon(random) if random.random() < 0.4 else blob(random, 4)) / CANVAS
        middle, size = random.uniform(0.3, 0.7, 2), random.uniform(0.5, 1.4)
        paths.append(middle + (np.concatenate([outline, outline[:1]]) - 0.5) * size)
    for _ in range(int(random.integers(2, 10))):  # legs, whiskers, wheels
        start = random.uniform(0, 1, 2)
        if random.random() < 0.7:
            end = start + random.normal(0, 0.25, 2)
            paths.append(np.linspace(start, end, 6))
        else:
            angle = np.linspace(0, 2 * np.pi, 24)[:, np.newaxis]
            ring = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
            paths.append(start + ring * random.uniform(0.03, 0.16))
    return inked(paths, random)


def lines(random: Random) -> Levels:
    """Draw pieces of frames and tables: corners, crossings and parallels, and dots."""
    paths = []
    across, down = random.uniform(0, 1, 2), random.uniform(0, 1, 2)
    for position in across[: int(random.integers(1, 3))]:
        paths.append(np.array([[position, down.min() - 0.3], [position, 1.0]]))
    for position in down[: int(random.integers(1, 3))]:
        paths.append(np.array([[across.min() - 0.3, position], [1.0, position]]))
    for _ in range(int(random.integers(0, 4)) if random.random() < 0.3 else 0):
        dot = random.uniform(0, 1, 2)
        paths.append(np.array([dot, dot + 0.01]))
    return inked([np.repeat(one, 2, axis=0) for one in paths], random)
