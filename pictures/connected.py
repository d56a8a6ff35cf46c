"""Label the connected components of a mask faster than OpenCV does by default.

Most of a picture is empty, so only the rectangle around the ink is looked at. Of OpenCV's ways to
measure components while it labels them, the default takes more than twice the time.
"""

from collections.abc import Iterable

import cv2
import numpy as np

from pictures.arrays import Labels, Mask
from pictures.box import Box


def connected_components(mask: Mask) -> tuple[Labels, Labels]:
    """Return the labels (H, W) of a mask's 8-connected components, and their statistics.

    The statistics (N, 5) have OpenCV's columns: left, top, width, height, pixels. Row 0 is the
    background's and has no pixels.
    """
    box = inked_box(mask)
    # With even sides, OpenCV, which looks at 2x2 pixels at once, gives the labels of the whole.
    left, top = box.left // 2 * 2, box.top // 2 * 2
    window = slice(top, box.bottom), slice(left, box.right)
    labels = np.zeros(mask.shape, np.int32)
    if not box.width:
        return labels, np.zeros((1, 5), np.int32)
    _, labels[window], stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask[window].astype(np.uint8), 8, cv2.CV_32S, cv2.CCL_BBDT
    )
    stats[0] = 0
    stats[1:, :2] += (left, top)
    return labels, stats


def inked_box(mask: Mask) -> Box:
    """Return the box around all ink of a mask (H, W), of no size if there is none."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return Box(left, top, left + width, top + height)


def labelled(labels: Labels, chosen: Iterable[int]) -> Mask:
    """Return the mask of all pixels (H, W) with one of the chosen labels."""
    is_chosen = np.zeros(int(labels.max()) + 1, np.bool_)
    is_chosen[list(chosen)] = True
    return is_chosen.take(labels)  # twice as fast as an index
