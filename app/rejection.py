"""Decide by what the networks say whether a picture is rejected, and say why.

Each check returns a reason, which is shown as "no digit: <reason>", or "" if the picture passes.
pictures.layout has checked the layout and the shapes before; the reader may still read as a row
what was rejected there.
"""

import numpy as np

from pictures.arrays import Probabilities
from pictures.box import Box

MAX_LETTER_ASPECT = 1.8  # width to height of an M or a W
# docs/own-digits.md says why; `python -m benchmarks.own_digits` measures the effect.
MIN_CONFIDENCE = 0.5
# The probability of no digit that a digit may have. In MNIST's form next to all are digits.
MAX_NONE, MAX_NONE_IN_MNIST_FORM = 0.8, 0.95
MIN_ROW_CONFIDENCE = 0.3
# Below this geometric mean of the probability that a digit of a row is one, and below this
# confidence, a row is none. A single component as narrow as two digits may be a letter: more is
# asked of it.
MIN_DIGITS, CONVINCING = 0.01, 0.6
MIN_DIGITS_IF_NARROW, CONVINCING_IF_NARROW, MIN_CONFIDENCE_IF_NARROW = 0.1, 0.9, 0.7


def none_reason(none: Probabilities, is_mnist_form: bool) -> str:
    """Check that nothing looks like no digit, given the probabilities (N,) of it."""
    limit = MAX_NONE_IN_MNIST_FORM if is_mnist_form else MAX_NONE
    return "the writing looks like no digit" if none.max() > limit else ""


def row_reason(confidence: float, none: Probabilities, boxes: list[Box]) -> str:
    """Check a row.

    Args:
        confidence: in all of its digits.
        none: (N,), the probabilities that they are no digits.
        boxes: around the components that the digits were found in.
    """
    is_narrow = len(boxes) == 1 and boxes[0].width < MAX_LETTER_ASPECT * boxes[0].height
    least = MIN_DIGITS_IF_NARROW if is_narrow else MIN_DIGITS
    convincing = CONVINCING_IF_NARROW if is_narrow else CONVINCING
    digits = float(np.exp(np.log(1 - none + 1e-6).mean()))
    is_letter = is_narrow and confidence < MIN_CONFIDENCE_IF_NARROW
    if is_letter or (digits < least and confidence < convincing):
        return "the writing looks like no row of digits"
    if confidence < MIN_ROW_CONFIDENCE:
        return f"several digits, but with only {100 * confidence:.0f} % confidence"
    return ""


def confidence_reason(probabilities: Probabilities) -> str:
    """Check that the model is confident enough of each digit, given (N, 10) with N at least 1."""
    least_sure = probabilities[probabilities.max(axis=1).argmin()]
    confidence = float(least_sure.max())
    if confidence >= MIN_CONFIDENCE:
        return ""
    return f"most likely a {least_sure.argmax()}, but with only {100 * confidence:.0f} % confidence"
