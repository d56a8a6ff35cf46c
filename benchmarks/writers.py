"""Writers whose digits MNIST lacks, drawn by strokes.

Their ones have a long upstroke, their zeros and sevens a bar, their fours are open, their nines
curl, their threes have a flat top. A writer has one way of each digit, one pen and one slant.
"""

import numpy as np

from benchmarks.paper import BLACK, BLUE, WHITE, on_paper, png
from handwriting.distortion import distorted
from handwriting.strokes import Drawing, Stroke, pen_drawing

JITTER = 0.035  # of a drawing's side: how differently a writer draws the same digit again


def _lines(*paths: list[tuple[float, float]]) -> Drawing:
    return [Stroke(path, is_curve=False) for path in paths]


def _curves(*paths: list[tuple[float, float]]) -> Drawing:
    return [Stroke(path, is_curve=True) for path in paths]


_RING = [(0.6, 0.0), (0.15, 0.2), (0.1, 0.75), (0.5, 1.0), (0.9, 0.75), (0.85, 0.2), (0.5, 0.0)]
WAYS: dict[int, list[Drawing]] = {
    0: [
        _curves(_RING) + _lines([(0.85, 0.05), (0.15, 0.95)]),
        _curves([(0.7, 0.1), *_RING[1:], (0.25, 0.05), (0.0, 0.1)]),
    ],
    1: [
        _lines([(0.0, 0.75), (0.6, 0.0), (0.6, 1.0)]),
        _lines([(0.0, 0.5), (0.5, 0.0), (0.45, 1.0)], [(0.1, 1.0), (0.85, 1.0)]),
        _lines([(0.1, 0.4), (0.75, 0.0), (0.3, 1.0)]),
    ],
    2: [
        _curves([(0.1, 0.3), (0.5, 0.0), (0.85, 0.3), (0.3, 0.85), (0.1, 0.95), (0.2, 0.75)])
        + _curves([(0.2, 0.8), (0.5, 0.95), (0.95, 0.9)]),
        _lines([(0.0, 0.05), (0.85, 0.05), (0.05, 1.0), (0.95, 1.0)]),
    ],
    3: [
        _lines([(0.05, 0.0), (0.9, 0.0), (0.4, 0.4)])
        + _curves([(0.4, 0.4), (0.9, 0.6), (0.7, 0.95), (0.05, 0.95)]),
        _curves([(0.1, 0.1), (0.7, 0.0), (0.4, 0.45), (0.9, 0.7), (0.4, 1.0), (0.0, 0.75)]),
    ],
    4: [
        _lines([(0.2, 0.0), (0.05, 0.55), (0.95, 0.5)], [(0.75, 0.15), (0.65, 1.0)]),
        _lines([(0.5, 0.0), (0.0, 0.65), (1.0, 0.65)], [(0.6, 0.45), (0.55, 1.0)]),
        _curves([(0.05, 0.0), (0.15, 0.45), (0.85, 0.4)]) + _lines([(0.9, 0.0), (0.8, 1.0)]),
    ],
    5: [
        _lines([(0.3, 0.0), (0.95, 0.0)])
        + _curves([(0.3, 0.1), (0.25, 0.45), (0.85, 0.6), (0.7, 0.95), (0.05, 0.95)]),
        _curves([(0.9, 0.0), (0.3, 0.15), (0.3, 0.45), (0.8, 0.65), (0.5, 1.0), (0.0, 0.9)]),
    ],
    6: [
        _curves([(0.2, 0.0), (0.15, 0.5), (0.2, 0.95), (0.7, 0.95), (0.75, 0.6), (0.2, 0.65)]),
        _curves([(0.95, 0.0), (0.2, 0.5), (0.3, 1.0), (0.85, 0.85), (0.65, 0.55), (0.2, 0.75)]),
    ],
    7: [
        _lines([(0.0, 0.25), (0.05, 0.0), (0.95, 0.0), (0.35, 1.0)], [(0.2, 0.55), (0.9, 0.5)]),
        _curves([(0.0, 0.2), (0.3, 0.0), (0.6, 0.15), (0.95, 0.0), (0.5, 0.5), (0.4, 1.0)]),
        _lines([(0.1, 0.0), (0.9, 0.05), (0.55, 1.0)], [(0.15, 0.45), (1.0, 0.55)]),
    ],
    8: [
        _curves(
            [(0.9, 0.15), (0.4, 0.0), (0.2, 0.3), (0.8, 0.7), (0.4, 1.0), (0.15, 0.7), (0.9, 0.1)]
        ),
        _curves([(0.5, 0.45), (0.2, 0.2), (0.5, 0.0), (0.8, 0.2), (0.5, 0.45)])
        + _curves([(0.5, 0.5), (0.1, 0.75), (0.5, 1.0), (0.9, 0.75), (0.5, 0.5)]),
    ],
    9: [
        _curves(
            [(0.85, 0.2), (0.4, 0.0), (0.15, 0.3), (0.6, 0.45), (0.9, 0.1), (0.8, 0.8), (0.1, 0.95)]
        ),
        _curves(
            [
                (0.8, 0.1),
                (0.2, 0.15),
                (0.3, 0.45),
                (0.85, 0.15),
                (0.85, 0.8),
                (0.4, 1.0),
                (0.05, 0.7),
            ]
        ),
    ],
}


class Writer:
    """Draws each digit in one way, with one pen, and no two alike."""

    def __init__(self, number: int) -> None:
        self.random = np.random.default_rng(number)
        choose = self.random.integers
        self.ways = {digit: ways[int(choose(len(ways)))] for digit, ways in WAYS.items()}
        self.ink = (BLACK, BLUE)[int(choose(2))]

    def picture(self, digit: int) -> bytes:
        """Draw a digit once more and return it as the content of a PNG file of 160x160 pixels."""
        drawing = distorted(pen_drawing(self.ways[digit], self.random, JITTER), self.random)
        return png(on_paper(np.pad(drawing, 32), self.ink, WHITE))
