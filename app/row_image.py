"""Bring a row of writing to the form that the row network reads: 32 pixels high, paper 0, ink 1."""

from typing import NamedTuple

import cv2
import numpy as np

from pictures.arrays import Levels, Mask
from pictures.ink import paper_noise

HEIGHT = 32  # pixels of the network's input
STRIDE = 2  # columns of the network's input for one of its output
BAND = 24  # pixels of it between the top of the tallest digit and the bottom of the lowest
SIDE_MARGIN = 8  # pixels of it to the left and the right of the writing
MAX_WIDTH = 640  # pixels of it: 20 wide digits with gaps
MIN_HEIGHT = 0.3  # of the tallest component's height; lower ones are points, dashes or noise
MIN_EDGE_HEIGHT = 0.6  # of the tallest component's height, of one that the border cuts
LINE_HEIGHT = 0.15  # of the picture's height; a wide component that is lower is a line
FRAME = 0.85  # of both sides of the picture, spanned by a frame
HOLLOW = 0.3  # of a component's ink, which a frame has away from the picture's edges at most
MAX_SLOPE = 0.25  # of a row's baseline
MIN_ASPECT = 3  # of a row that is long enough to tell its slope


class RowImage(NamedTuple):
    """A row of writing as the network reads it."""

    levels: Levels  # (32, W)
    left: float  # column of the picture at the left edge of `levels`
    scale: float  # pixels of the picture for one of `levels`

    def columns(self, positions: Levels) -> Levels:
        """Return the picture's columns at positions along `levels`, both float."""
        return self.left + positions * self.scale


def row_image(ink: Levels, mask: Mask) -> RowImage:
    """Cut the row of writing out of the ink (H, W) of a picture and scale it.

    The mask (H, W) only says where the row is: faint strokes and textures stay in the levels.
    """
    slope = _slope(mask, _bodies(mask))
    if slope:
        ink = _sheared(ink, slope, cv2.INTER_LINEAR)
        mask = _sheared(mask.astype(np.uint8), slope, cv2.INTER_NEAREST) > 0
    bodies = _bodies(mask)
    top, bottom = int(bodies[:, 1].min()), int((bodies[:, 1] + bodies[:, 3]).max())
    left, right = int(bodies[:, 0].min()), int((bodies[:, 0] + bodies[:, 2]).max())
    scale = max((bottom - top) / BAND, (right - left) / (MAX_WIDTH - 2 * SIDE_MARGIN))
    middle = (top + bottom) / 2
    width = round((right - left) / scale) + 2 * SIDE_MARGIN
    start, upper = left - SIDE_MARGIN * scale, middle - HEIGHT / 2 * scale
    window = _window(_stretched(ink, mask), (start, upper), scale, width)
    return RowImage(window, start, scale)


def _bodies(mask: Mask) -> Levels:
    """Return left, top, width and height (N, 4) of the components that are as high as digits."""
    height, width = mask.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    boxes = stats[1:, :4]
    is_frame = (boxes[:, 2] > FRAME * width) & (boxes[:, 3] > FRAME * height)
    inner = labels[round(0.2 * height) : round(0.8 * height), width // 10 : width - width // 10]
    inside = np.bincount(inner.ravel(), minlength=len(stats))[1:]
    is_frame &= inside < HOLLOW * stats[1:, 4]
    is_line = (boxes[:, 2] > 4 * boxes[:, 3]) & (boxes[:, 3] < LINE_HEIGHT * height)
    writing = boxes[~is_frame & ~is_line]
    if not len(writing):
        return np.array([[0, 0, width, height]])
    at_edge = (writing[:, 1] == 0) | (writing[:, 1] + writing[:, 3] == height)
    least = np.where(at_edge, MIN_EDGE_HEIGHT, MIN_HEIGHT) * writing[:, 3].max()
    return np.asarray(writing[writing[:, 3] >= least])


def _slope(mask: Mask, bodies: Levels) -> float:
    """Return the slope of a long row, rows per column, 0 if it is short or nearly level."""
    left, right = bodies[:, 0].min(), (bodies[:, 0] + bodies[:, 2]).max()
    top, bottom = bodies[:, 1].min(), (bodies[:, 1] + bodies[:, 3]).max()
    if right - left < MIN_ASPECT * bodies[:, 3].max():
        return 0
    rows, columns = np.nonzero(mask[top:bottom, left:right])
    if not columns.size:
        return 0
    across = columns - columns.mean()
    slope = float(across @ rows / max(across @ across, 1e-6))
    return 0 if abs(slope) < 0.03 else float(np.clip(slope, -MAX_SLOPE, MAX_SLOPE))


def _sheared(levels: Levels, slope: float, interpolation: int) -> Levels:
    """Move each column of (H, W) up by its part of the slope; columns stay where they are."""
    height, width = levels.shape
    reach = round(abs(slope) * width / 2)  # so that nothing leaves the picture
    matrix = np.array([[1, 0, 0], [-slope, 1, slope * width / 2 + reach]], np.float32)
    return np.asarray(
        cv2.warpAffine(levels, matrix, (width, height + 2 * reach), flags=interpolation)
    )


def _stretched(ink: Levels, mask: Mask) -> Levels:
    """Scale ink (H, W) so that paper is 0 and strong ink 1."""
    paper, _ = paper_noise(ink)
    strong = float(np.percentile(ink[mask], 75)) if mask.any() else 1
    return np.asarray(np.clip((ink - paper) / max(strong - paper, 1e-3), 0, 1), np.float32)


def _window(levels: Levels, corner: tuple[float, float], scale: float, width: int) -> Levels:
    """Return (32, width) of levels (H, W) from a corner (x, y) on, 0 outside of the picture."""
    if scale > 1:  # an average over `scale` pixels, which the sampling below would leave out
        size = (max(1, round(levels.shape[1] / scale)), max(1, round(levels.shape[0] / scale)))
        smaller = cv2.resize(levels, size, interpolation=cv2.INTER_AREA)
        ratios = np.array([smaller.shape[1] / levels.shape[1], smaller.shape[0] / levels.shape[0]])
    else:
        smaller, ratios = levels, np.ones(2)
    # Pixel i of a row covers i to i + 1, its sample lies at i + 0.5.
    steps = scale * ratios
    offsets = np.array(corner) * ratios + 0.5 * steps - 0.5
    matrix = np.array([[steps[0], 0, offsets[0]], [0, steps[1], offsets[1]]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(smaller, matrix, (width, HEIGHT), flags=flags))
