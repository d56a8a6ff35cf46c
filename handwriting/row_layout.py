"""Place digits side by side as people write them: apart, touching, overlapping or joined."""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from handwriting.row_digits import ByteArray, FloatArray, Piece, Style

MAX_OVERLAP = 0.45  # of the narrower of two neighbours


class Placed(NamedTuple):
    """A digit and where it stands; y is 0 at the baseline and falls upwards, as rows do."""

    piece: Piece
    left: int
    top: int

    @property
    def right(self) -> int:
        return self.left + int(self.piece.ink.shape[1])

    @property
    def bottom(self) -> int:
        return self.top + int(self.piece.ink.shape[0])


class Gaps(NamedTuple):
    """The spaces within one row, as shares of a digit's height."""

    mean: float
    spread: float
    is_between_ink: bool  # measured between the strokes, otherwise between the boxes
    joined: float  # the share of neighbours that a stroke joins


def random_gaps(rng: np.random.Generator, height: float) -> Gaps:
    """Choose how close the digits of a row stand."""
    kind = rng.choice(6, p=(0.15, 0.2, 0.15, 0.2, 0.15, 0.15))
    pixel = 1 / height
    mean, spread = (
        (rng.uniform(0.2, 0.7), 0.08),  # wide
        (rng.uniform(0.05, 0.2), 0.05),  # usual
        (rng.uniform(0.5, 2) * pixel, 0.3 * pixel),  # a pixel or two
        (rng.uniform(-1.5, 0) * pixel, 0.5 * pixel),  # touching
        (rng.uniform(-0.18, 0), 0.02),  # overlapping
        (rng.uniform(-0.05, 0.2), 0.12),  # uneven
    )[kind]
    joined = rng.choice([0, 0, 0, rng.uniform(0.2, 1)])
    return Gaps(mean, spread, bool(rng.random() < 0.6), float(joined))


def place_digits(
    rng: np.random.Generator, pieces: list[Piece], style: Style, gaps: Gaps, spaces: list[float]
) -> list[Placed]:
    """Place pieces left to right; `spaces` are more room before each, in heights of a digit."""
    placed: list[Placed] = []
    raised = rng.random() < 0.25  # low digits stand in the middle or at the top, not at the bottom
    lift = rng.uniform(0.2, 1) if raised else 0
    for piece, space in zip(pieces, spaces, strict=True):
        height, width = piece.ink.shape
        low = max(0.0, style.height - height) * lift
        down = style.height * rng.normal(0, style.wander) - low
        if piece.label in (7, 9, 4) and height > 1.15 * style.height:
            down += 0.7 * (height - style.height)  # a long stem ends below the line
        top = round(down - height)
        gap = gaps.mean + gaps.spread * rng.normal() + space
        if not placed:
            left = 0
        else:
            before = placed[-1]
            start = before.right
            if gaps.is_between_ink:
                start = touching_column(before, piece.ink, top)
            limit = before.right - MAX_OVERLAP * min(width, before.piece.ink.shape[1])
            left = round(max(start + gap * style.height, limit))
        placed.append(Placed(piece, left, top))
    return placed


def touching_column(before: Placed, ink: FloatArray, top: int) -> int:
    """Return the column at which a digit touches the one before it; the boxes' edge at most."""
    upper, lower = max(before.top, top), min(before.bottom, top + len(ink))
    if upper >= lower:
        return before.right
    old = before.piece.ink[upper - before.top : lower - before.top] > 0.4
    new = ink[upper - top : lower - top] > 0.4
    kernel = np.ones((3, 1), np.uint8)  # corner to corner touches too
    old = cv2.dilate(old.astype(np.uint8), kernel) > 0
    room_before = np.where(old.any(axis=1), np.argmax(old[:, ::-1], axis=1), old.shape[1])
    room_after = np.where(new.any(axis=1), np.argmax(new, axis=1), new.shape[1])
    return before.right - int((room_before + room_after).min())


def draw_row(placed: list[Placed], margin: int) -> tuple[ByteArray, int, FloatArray]:
    """Draw placed digits on one sheet with a margin around them.

    Returns the sheet (H, W) with 255 for ink, its baseline's row, and the digits' middles (N,).
    """
    first = min(item.left for item in placed)
    top = min(item.top for item in placed)
    height = max(item.bottom for item in placed) - top + 2 * margin
    width = max(item.right for item in placed) - first + 2 * margin
    sheet = np.zeros((height, width), np.uint8)
    for item in placed:
        y, x = item.top - top + margin, item.left - first + margin
        window = sheet[y : y + item.piece.ink.shape[0], x : x + item.piece.ink.shape[1]]
        np.maximum(window, np.rint(item.piece.ink * 255).astype(np.uint8), out=window)
    middles = [(item.left + item.right) / 2 - first + margin for item in placed]
    return sheet, margin - top, np.array(middles, np.float32)


def join_digits(
    rng: np.random.Generator, sheet: ByteArray, middles: FloatArray, pen: int, share: float
) -> None:
    """Draw strokes from a digit to the next for a share of the neighbours, in place."""
    mask = sheet > 127
    for start, end in pairwise(middles):
        if rng.random() >= share:
            continue
        at_top = rng.random() < 0.6
        points = [_end_of_stroke(rng, mask, round(column), at_top) for column in (start, end)]
        found = [point for point in points if point]
        if len(found) == 2:
            cv2.line(sheet, found[0], found[1], 255, pen, cv2.LINE_AA)


def _end_of_stroke(
    rng: np.random.Generator, mask: np.ndarray, column: int, at_top: bool
) -> tuple[int, int] | None:
    """Return the highest or the lowest ink (x, y) near a column, None if there is none."""
    column = min(max(column + int(rng.integers(-2, 3)), 0), mask.shape[1] - 1)
    rows = np.nonzero(mask[:, column])[0]
    if not rows.size:
        return None
    return column, int(rows[0] if at_top else rows[-1])
