"""Write digits side by side on one baseline, apart, touching or overlapping."""

import cv2
import numpy as np

from benchmarks.paper import png
from benchmarks.strokes import Random, cropped, pasted, thin_strokes, tight_strokes
from pictures.arrays import Levels, Mask, UInt8Array

# Heights of a digit's ink; the picture has half as much again.
MIN_HEIGHT, MAX_HEIGHT = 19, 66


def drawn_inks(digits: UInt8Array, random: Random, height: int) -> list[Levels]:
    """Draw each digit (h, w) with one pen, `height` pixels high."""
    if random.integers(2):
        return [tight_strokes(digit, height) for digit in digits]
    width = random.uniform(6, 14)
    large = [cropped(thin_strokes(digit, 168, width)) for digit in digits]
    widths = [max(1, round(ink.shape[1] * height / ink.shape[0])) for ink in large]
    return [
        cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
        for ink, width in zip(large, widths, strict=True)
    ]


def _left_of_next(sheet: Mask, ink: Mask, top: int) -> int:
    """Return the column at which the next digit has no empty pixel between it and the sheet's ink.

    Args:
        sheet: (H, W), what is written so far.
        ink: (h, w), the next digit.
        top: the row of the sheet at which the digit begins.
    """
    written = np.zeros(ink.shape[0], np.int64)
    rows = sheet[top : top + ink.shape[0]]
    written[: len(rows)] = np.where(rows.any(axis=1), _last(rows) + 1, 0)
    first = np.where(ink.any(axis=1), ink.argmax(axis=1), ink.shape[1])
    near = cv2.erode(first.astype(np.float32)[:, np.newaxis], np.ones((3, 1), np.uint8))[:, 0]
    meets = written > 0
    if not meets.any():
        return int(_last(np.atleast_2d(sheet.any(axis=0)))[0]) + 1
    return int((written - near)[meets].max())


def _last(mask: Mask) -> np.ndarray:
    """Return the last True of each row (H, W)."""
    return np.asarray(mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1))


def row(
    inks: list[Levels], random: Random, gaps: tuple[float, float], wander: float = 0
) -> tuple[Levels, list[int]]:
    """Place digits side by side on an empty sheet.

    Args:
        inks: (h, w) each, cropped; they stand on one baseline.
        random: the generator.
        gaps: the least and the most pixels between two digits, below 0 where they overlap.
        wander: how many pixels the baseline goes up and down.

    Returns the sheet (H, W), cut to the row with a margin, and the first column of each digit.
    """
    tallest = max(len(ink) for ink in inks)
    margin = round(0.25 * tallest)
    height = tallest + 2 * margin
    sheet = np.zeros((height, sum(ink.shape[1] + tallest for ink in inks) + 2 * margin), np.float32)
    lefts: list[int] = []
    for ink in inks:
        drop = round(np.clip(random.uniform(-wander, wander), -margin, margin))
        top = height - margin - len(ink) + drop
        left = margin
        if lefts:
            left = _left_of_next(sheet > 0.5, ink > 0.5, top) + round(random.uniform(*gaps))
            left = max(left, lefts[-1] + 2)
        sheet = pasted(sheet, ink, top, left)
        lefts.append(left)
    right = int(np.flatnonzero(sheet.max(axis=0) > 0)[-1]) + 1 + margin
    return sheet[:, :right], lefts


def grey_png(coverage: Levels, random: Random) -> bytes:
    """Scan a row (H, W): grey ink on white or grey paper, with a little noise."""
    paper, ink = random.uniform(0.75, 1), random.uniform(0.05, 0.35)
    return scan(coverage, np.full(coverage.shape, paper, np.float32), ink, random)


def scan(coverage: Levels, paper: Levels, ink: float, random: Random) -> bytes:
    """Write in ink of one grey level on paper (H, W), and add a little noise."""
    sheet = paper * (1 - coverage) + ink * coverage + random.normal(0, 0.01, paper.shape)
    return png(np.asarray(sheet, np.float32))


def chosen_height(random: Random) -> int:
    return int(random.integers(MIN_HEIGHT, MAX_HEIGHT))


def plain_row(
    digits: UInt8Array, random: Random, gaps: tuple[float, float], wander: float = 0
) -> tuple[Levels, int]:
    """Return a row (H, W) and its digits' height; gaps and wander are shares of that height."""
    height = chosen_height(random)
    inks = drawn_inks(digits, random, height)
    sheet, _ = row(inks, random, (gaps[0] * height, gaps[1] * height), wander * height)
    return sheet, height
