"""Digits as strokes that can be drawn at any size, slant and width of the pen."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]
ENLARGED = 3  # a digit's outline is found in an image enlarged by this factor
SIDE = 28 * ENLARGED
FULL_HEIGHT = 20 * ENLARGED  # pixels of the longer side of a digit there


class Style(NamedTuple):
    """How one person writes one row; lengths are shares of a digit's height."""

    height: float  # pixels of a usual digit
    width: float  # factor
    slant: float  # columns to the right per row upwards
    rotation: float  # radians
    pen: float  # width of a stroke
    low_digits: str  # digits that are written lower than the others
    low: float  # their height
    flag: bool  # a one has a long upstroke
    bar: bool  # a seven has a bar
    tall: float  # height of a one and a seven
    jitter: float  # standard deviation of a digit's height
    wander: float  # standard deviation of a digit's place above the baseline


class Piece(NamedTuple):
    """A digit drawn by itself."""

    ink: FloatArray  # (H, W), 0 to 1, without empty rows and columns
    label: int


def signed_distance(image: ByteArray) -> FloatArray:
    """Return how deep inside the strokes of a digit (28, 28) each point lies: (84, 84), pixels.

    Outside it is negative. Bent smoothly, where the edge would show the pixels.
    """
    large = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    inside = (cv2.GaussianBlur(large, (0, 0), 1) > 110).astype(np.uint8)
    within = np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 3), np.float32)
    around = np.asarray(cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3), np.float32)
    return np.asarray(cv2.GaussianBlur(within - around, (0, 0), 1), np.float32)


def draw_digit(rng: np.random.Generator, image: ByteArray, label: int, style: Style) -> Piece:
    """Draw a digit (28, 28) in a style, with this digit's share of chance."""
    depth = signed_distance(image)
    inside = depth > 0
    half = 2 * float(depth[inside].mean())  # of a stroke's width
    if label == 1 and style.flag:
        _add_flag(rng, depth, half)
    if label == 7 and style.bar:
        _add_bar(rng, depth, half)
    height = style.height * rng.normal(1, style.jitter)
    height *= style.tall if label in (1, 7) else 1
    height *= style.low if str(label) in style.low_digits else 1
    scale = max(height, 6) / FULL_HEIGHT
    # The pen is as wide for small digits as for large ones, but a stroke cannot vanish.
    wanted = style.pen * style.height / 2 / scale
    widening = min(max(wanted - half, -0.45 * half), 1.2 * half)
    slant, angle = style.slant + rng.normal(0, 0.05), style.rotation + rng.normal(0, 0.04)
    bend = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = bend @ np.array([[style.width * rng.normal(1, 0.07), -slant], [0, 1]]) * scale
    side = round(SIDE * scale * 1.6) + 6
    offset = side / 2 - linear @ np.full(2, SIDE / 2)
    matrix = np.column_stack([linear, offset]).astype(np.float32)
    warped = cv2.warpAffine(depth, matrix, (side, side), borderValue=-SIDE)
    ink = np.clip((warped + widening) * scale + 0.5, 0, 1)
    rows, columns = np.nonzero(ink > 0.25)
    box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    return Piece(np.asarray(ink[box], np.float32), label)


def _add_flag(rng: np.random.Generator, depth: FloatArray, half: float) -> None:
    """Draw the upstroke of a European one into its depths (84, 84)."""
    rows, columns = np.nonzero(depth > 0)
    top = int(rows.min())
    x = int(columns[rows == top].mean())
    length = rng.uniform(0.2, 0.8) * FULL_HEIGHT
    angle = rng.uniform(0.6, 1.25)  # below the horizontal
    end = (round(x - length * np.cos(angle)), round(top + half + length * np.sin(angle)))
    _add_line(depth, (x, round(top + half)), end, half)


def _add_bar(rng: np.random.Generator, depth: FloatArray, half: float) -> None:
    """Draw the bar through the stem of a seven into its depths (84, 84)."""
    rows, columns = np.nonzero(depth > 0)
    y = round(rows.min() + rng.uniform(0.42, 0.62) * np.ptp(rows))
    x = float(columns[rows == y].mean()) if (rows == y).any() else SIDE / 2
    reach = rng.uniform(0.15, 0.32) * FULL_HEIGHT
    tilt = rng.uniform(-0.25, 0.15) * reach
    start = (round(x - reach), round(y - tilt))
    _add_line(depth, start, (round(x + reach), round(y + tilt)), half)


def _add_line(depth: FloatArray, start: tuple[int, int], end: tuple[int, int], half: float) -> None:
    """Join a straight stroke with the depths (84, 84) of a digit, in place."""
    line = np.ones(depth.shape, np.uint8)
    cv2.line(line, start, end, 0, 1)
    distance = cv2.distanceTransform(line, cv2.DIST_L2, 3)
    np.maximum(depth, half - distance, out=depth)
