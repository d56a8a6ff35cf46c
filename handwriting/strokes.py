"""Draw with a pen: signs, digits in hands that MNIST lacks, random characters and scribbles."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML
from scipy.interpolate import CubicSpline

from handwriting.distortion import CANVAS, Random
from pictures.arrays import Levels

Points = NDArray[np.float64]  # (N, 2), x and y


class Stroke(NamedTuple):
    """Points from (0, 0), top left, to (1, 1), which a line or a smooth curve passes through."""

    points: Sequence[Sequence[float]]
    is_curve: bool


Drawing = list[Stroke]


def _drawing(strokes: list[dict[str, list[list[float]]]]) -> Drawing:
    return [
        Stroke(points, kind == "curve") for stroke in strokes for kind, points in stroke.items()
    ]


_DRAWINGS = YAML(typ="safe").load(Path(__file__).with_name("drawings.yaml").read_text())
SIGNS: dict[str, Drawing] = {
    name: _drawing(strokes) for name, strokes in _DRAWINGS["signs"].items()
}
DIGITS: dict[int, list[Drawing]] = {
    label: [_drawing(strokes) for strokes in styles]
    for label, styles in _DRAWINGS["digits"].items()
}


def path(stroke: Stroke, random: Random, jitter: float) -> Points:
    """Return the points along a stroke, each of its own points moved at random by `jitter`."""
    points = np.array(stroke.points, np.float64)
    points += random.normal(0, jitter, points.shape)
    steps = np.arange(len(points))
    fine = np.linspace(0, len(points) - 1, 12 * len(points))
    if stroke.is_curve and len(points) > 2:
        return np.asarray(CubicSpline(steps, points)(fine))
    return np.stack([np.interp(fine, steps, points[:, axis]) for axis in (0, 1)], axis=1)


def pen_drawing(strokes: Sequence[Stroke], random: Random, jitter: float = 0.035) -> Levels:
    """Draw strokes as ink (96, 96) with a pen of random width and a random aspect."""
    return inked([path(stroke, random, jitter) for stroke in strokes], random)


def inked(paths: Sequence[Points], random: Random) -> Levels:
    """Draw along paths as ink (96, 96); their box is stretched to a random aspect."""
    width = int(random.integers(2, 10))
    size = random.uniform(50, 70) * np.array([random.uniform(0.5, 1), 1])
    if random.random() < 0.15:
        size = size[::-1]
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    for points in paths:
        pixels = CANVAS / 2 + (points - 0.5) * size
        pixels += np.cumsum(random.normal(0, 0.2, pixels.shape), axis=0)  # an unsteady hand
        rounded = np.rint(pixels * 16).astype(np.int32)
        cv2.polylines(canvas, [rounded], False, 255, width, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255


def sign(random: Random) -> Levels:
    """Draw a sign; plus, minus, times and divide are half of them."""
    names = list(SIGNS)
    index = int(random.integers(4 if random.random() < 0.5 else len(names)))
    return pen_drawing(SIGNS[names[index]], random)


def digit(label: int, random: Random) -> Levels:
    """Draw a digit in one of the ways in which people write it."""
    styles = DIGITS[label]
    return pen_drawing(styles[int(random.integers(len(styles)))], random, jitter=0.025)


def random_character(random: Random) -> Levels:
    """Draw two to five random strokes, as a letter of no alphabet."""
    grid = np.array([0.0, 0.33, 0.67, 1.0])
    strokes = [
        Stroke(random.choice(grid, (int(random.integers(2, 6)), 2)).tolist(), random.random() < 0.6)
        for _ in range(int(random.integers(2, 6)))
    ]
    return pen_drawing(strokes, random, jitter=0.06)


def scribble(random: Random) -> Levels:
    """Draw one long stroke to and fro, round and round or without aim."""
    kind, steps = int(random.integers(3)), int(random.integers(9, 40))
    if kind == 0:
        across = np.arange(steps) % 2 + random.normal(0, 0.1, steps)
        points = np.stack([across, np.linspace(0, 1, steps)], axis=1)
        points = points if random.random() < 0.5 else points[:, ::-1]
    elif kind == 1:
        angle = np.linspace(0, random.uniform(4, 12) * np.pi, 3 * steps)
        radius = np.linspace(random.uniform(0, 0.2), 0.5, len(angle))
        points = 0.5 + np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        points += np.linspace(0, random.uniform(0, 1.5), len(angle))[:, np.newaxis] * [1, 0]
    else:
        points = random.uniform(0, 1, (steps, 2))
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    return inked([path(Stroke(points.tolist(), True), random, 0.02)], random)
