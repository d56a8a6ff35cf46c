"""Give each digit of a row its own ink, also where digits hang together.

A component belongs whole to the digit whose column it crosses. One that several digits share is cut
between their columns, along the path from top to bottom that crosses the least ink.
"""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from pictures.arrays import Labels, Levels, Mask

REACH = 0.12  # of the row's height: ink this near to a digit's column is its own
MIN_INSIDE = 0.5  # of a loose piece's width, above or below the digit that it belongs to
LINE_ASPECT = 5  # a component that is wider than this many times its height is a line
INK_COST, AWAY_COST = 1.0, 1.5  # of a row in ink, of a row at one of the two digits' columns
BEYOND = 0.4  # of the distance of two columns, that a cut may lie beyond them


class OwnInk(NamedTuple):
    """The ink of one digit."""

    mask: Mask  # (H, W)
    is_cut: bool  # from a component that it shares


def cut_digits(ink: Levels, mask: Mask, columns: Levels) -> list[OwnInk]:
    """Return each digit's own ink.

    Args:
        ink: (H, W).
        mask: (H, W), the writing.
        columns: (N,) rising, where each digit is.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    owners = _owners(labels, stats, columns)
    masks = [np.zeros(mask.shape, np.bool_) for _ in columns]
    for label, digits in owners.items():
        component = labels == label
        rest = component
        for left, right in pairwise(digits):
            is_left = left_of_seam(ink, component, columns[left], columns[right])
            masks[left] = rest & is_left
            rest = rest & ~is_left
        masks[digits[-1]] = rest
    _add_loose_pieces(masks, labels, stats, set(owners))
    shared = {digit for digits in owners.values() if len(digits) > 1 for digit in digits}
    return [OwnInk(own, digit in shared) for digit, own in enumerate(masks)]


def _owners(labels: Labels, stats: Levels, columns: Levels) -> dict[int, list[int]]:
    """Return for each component that is a digit's main one the digits that share it."""
    is_line = (stats[:, 2] > LINE_ASPECT * stats[:, 3]) & (stats[:, 3] < 0.15 * len(labels))
    tallest = max(int(stats[1:, 3][~is_line[1:]].max(initial=0)), 1)
    owners: dict[int, list[int]] = {}
    for digit, column in enumerate(columns):
        for reach in (REACH * tallest, tallest / 2, labels.shape[1]):
            start, stop = max(0, round(column - reach)), max(0, round(column + reach) + 1)
            counts = np.bincount(labels[:, start:stop].ravel(), minlength=len(stats))
            counts[0] = 0
            counts[is_line] = 0
            if counts.any():
                owners.setdefault(int(counts.argmax()), []).append(digit)
                break
    return owners


def _add_loose_pieces(masks: list[Mask], labels: Labels, stats: Levels, owned: set[int]) -> None:
    """Give pieces that no digit's column crosses to the digit above or below them, in place."""
    spans = []
    for own in masks:
        inked = np.flatnonzero(own.any(axis=0))
        spans.append((inked[0], inked[-1] + 1) if inked.size else (0, 0))
    for label in range(1, len(stats)):
        left, _, width, height, _ = stats[label]
        if label in owned or width > LINE_ASPECT * height:
            continue
        shared = [min(left + width, stop) - max(left, start) for start, stop in spans]
        nearest = int(np.argmax(shared))
        if shared[nearest] >= MIN_INSIDE * width:
            masks[nearest] |= labels == label


def left_of_seam(ink: Levels, component: Mask, left: float, right: float) -> Mask:
    """Cut a component (H, W) between two columns; return the mask of all that is left of the cut.

    The cut is a seam: one column a row, next to the one above, of the least cost in sum.
    """
    height, width = component.shape
    beyond = BEYOND * (right - left)  # a slanted or overhanging digit is cut beside its column
    start = max(0, min(round(left - beyond), width - 1))
    stop = max(start + 1, min(round(right + beyond), width))
    inked = component[:, start:stop]
    away = (np.arange(start, stop) + 0.5 - (left + right) / 2) / max((right - left) / 2, 1)
    costs = inked * (INK_COST + ink[:, start:stop]) + AWAY_COST * away**2
    total, steps = costs[0], np.zeros(inked.shape, np.intp)
    for row in range(1, height):
        padded = np.r_[np.inf, total, np.inf]
        options = np.stack([padded[1:-1], padded[:-2] + 1e-3, padded[2:] + 1e-3])
        best = options.argmin(axis=0)
        steps[row] = np.array([0, -1, 1])[best]
        total = options.min(axis=0) + costs[row]
    seam = np.empty(height, np.intp)
    seam[-1] = total.argmin()
    for row in range(height - 1, 0, -1):
        seam[row - 1] = seam[row] + steps[row, seam[row]]
    return np.asarray(np.arange(width) < (seam + start)[:, np.newaxis])
