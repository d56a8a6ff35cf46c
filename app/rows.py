"""Read a row of digits by recognition, also where they touch, overlap or stand on a print.

The row network says which digits there are and where (LeCun et al. 1998, section VII, gives other
ways). Each digit is then cut out, so that it can be shown, and judged by itself too.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from app.classifier import Classifier
from app.ctc import BLANK, best_string, digit_probabilities, places
from app.cuts import cut_digits
from app.judge import Verdict
from app.marks import Mark, find_marks, with_marks
from app.row_image import STRIDE, row_image
from pictures.arrays import Levels, Mask, Probabilities
from pictures.box import Box
from pictures.ink import paper_noise
from pictures.segment import Digit, cut_out

MAX_DIGIT_ASPECT = 1.1  # width to height; most digits are higher than wide
CUT_WEIGHT = 0.3  # of the verdict on a digit that was cut out; that of the row network is 1
LEAST = 1e-6  # a probability below it counts as it, so that no network can rule out a digit alone
# The network reads a row as it is and with other slants. The mean has fewer errors, but it is less
# sure than it is right; the power corrects that.
SLANTS = (0, 0.15, -0.15, 0.35)  # columns per row of the image
# The peaks of digits lie in other columns of each slant: the mean has too much of the blank.
BLANK_WEIGHT = 0.65
CONFIDENCE_POWER = 0.4


class Row(NamedTuple):
    """The digits of a row; none if the network finds none."""

    digits: list[Digit]  # left to right
    probabilities: Probabilities  # (N, 10), each digit's, given the others
    is_cut: list[bool]  # whether the digit was cut from ink that it shares with others
    confidence: float  # the probability of these digits by the mean over slants, not calibrated
    marks: list[Mark]  # what stands between them

    def with_marks(self, digits: list[int]) -> str:
        """Return the digits, which may have been named anew, with the marks between them."""
        boxes = [digit.box for digit in self.digits]
        return with_marks(list(zip(digits, boxes, strict=True)), self.marks)


NO_ROW = Row([], np.empty((0, 10), np.float32), [], 0, [])


class RowReader:
    """The row network, a .tflite file that takes (1, 32, W, 1) and gives (1, W / 2, 11)."""

    def __init__(self, network: Path | bytes) -> None:
        """Load a file or its content; raise `OSError` or `ValueError` if it is no network."""
        self._network = Classifier(network)

    def __call__(self, ink: Levels, mask: Mask, factor: int) -> Row:
        """Read the row in ink (H, W), with the mask (H, W) of the ink.

        Both are larger than the picture by the factor.
        """
        image = row_image(ink, mask)
        images = np.stack([slanted(image.levels, slant) for slant in SLANTS])
        columns = with_less_blank(self._network(images).mean(axis=0))
        string = best_string(columns)
        if not string:
            return NO_ROW
        parts = cut_digits(ink, mask, image.columns(places(columns, string) * STRIDE))
        if not all(part.mask.any() for part in parts):
            return NO_ROW
        probabilities, confidence = digit_probabilities(columns, string)
        paper, _ = paper_noise(ink)
        digits = [cut_out(ink, part.mask, factor, paper) for part in parts]
        rest = mask & ~np.any([part.mask for part in parts], axis=0)
        marks = find_marks(rest, [digit.box for digit in digits], factor)
        is_cut = [part.is_cut for part in parts]
        return Row(digits, probabilities.astype(np.float32), is_cut, confidence, marks)


def with_less_blank(columns: Levels) -> Levels:
    """Return columns (T, 11) of probabilities in which the blank, the last one, weighs less."""
    weighed = np.concatenate([columns[:, :BLANK], BLANK_WEIGHT * columns[:, BLANK:]], axis=1)
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))


def calibrated(probability: float) -> float:
    """Return the confidence in a row with this probability by the mean over slants."""
    return float(min(1.0, probability) ** CONFIDENCE_POWER)


def slanted(levels: Levels, slant: float) -> Levels:
    """Slant a row's image (32, W); the columns stay where they are at half its height."""
    matrix = np.array([[1, slant, -slant * (len(levels) - 1) / 2], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(levels, matrix, levels.shape[::-1]))


def combined(row: Row, verdict: Verdict) -> Probabilities:
    """Return the probabilities (N, 10) of a row's digits by the row network and a verdict.

    This is a weighted geometric mean. The verdict counts less for a digit that was cut from others,
    and the less the digit looks like one.
    """
    weights = np.where(row.is_cut, CUT_WEIGHT, 1.0) * (1 - verdict.none)
    by_row, by_verdict = (
        np.maximum(one, LEAST) for one in (row.probabilities, verdict.probabilities)
    )
    logs = np.log(by_row) + weights[:, np.newaxis] * np.log(by_verdict)
    mean = np.exp(logs / (1 + weights[:, np.newaxis]))
    return np.asarray(mean / mean.sum(axis=1, keepdims=True), np.float32)


def is_row(boxes: list[Box]) -> bool:
    """Return whether what was found may be several digits: several boxes, or a wide one."""
    return len(boxes) > 1 or any(map(is_wide, boxes))


def is_wide(box: Box) -> bool:
    """Return whether a box is wider than those of most digits."""
    return box.width > MAX_DIGIT_ASPECT * box.height
