import numpy as np
import pytest

from app.rejection import (
    MAX_NONE,
    MAX_NONE_IN_MNIST_FORM,
    MIN_CONFIDENCE,
    MIN_ROW_CONFIDENCE,
    confidence_reason,
    none_reason,
    row_reason,
)
from pictures.box import Box


def test_the_least_confident_digit_decides() -> None:
    """A row is rejected if one digit's probability is below the minimum."""

    def row(confidence: float) -> list[float]:
        return [(1 - confidence) / 9, confidence, *[(1 - confidence) / 9] * 8]

    sure, enough, unsure = (
        np.array(row(value), np.float32) for value in (1, MIN_CONFIDENCE, 0.454)
    )
    assert confidence_reason(np.stack([sure, enough])) == ""
    reason = confidence_reason(np.stack([sure, unsure, enough]))
    assert reason == "most likely a 1, but with only 45 % confidence"


def test_what_looks_like_no_digit_is_rejected() -> None:
    """One such shape among digits is enough; in MNIST's form it must be surer."""
    limit, other = np.float32(MAX_NONE), np.float32(MAX_NONE_IN_MNIST_FORM)
    between = np.array([0, (limit + other) / 2], np.float32)
    assert none_reason(np.array([0, limit - 0.01]), is_mnist_form=False) == ""
    assert none_reason(between, is_mnist_form=False) == "the writing looks like no digit"
    assert none_reason(between, is_mnist_form=True) == ""
    assert none_reason(np.array([1, 0]), is_mnist_form=True)
    for is_mnist_form, most in ((False, 0.8), (True, 0.95)):
        assert none_reason(np.array([most]), is_mnist_form) == ""
        assert none_reason(np.array([most + 0.01]), is_mnist_form)


def test_rows_are_rejected_by_all_their_digits() -> None:
    """A piece of a row may look like nothing, as it was cut out; most of them may not."""
    digits = np.array([0.1, 0.99, 0.1, 0.1], np.float32)
    assert row_reason(MIN_ROW_CONFIDENCE + 0.01, digits, [Box(0, 0, 90, 30)]) == ""
    unsure = "several digits, but with only 12 % confidence"
    assert row_reason(0.124, digits, [Box(0, 0, 90, 30)]) == unsure
    assert row_reason(0.29, digits, [Box(0, 0, 90, 30)]).endswith("only 29 % confidence")


NARROW, WIDE = Box(0, 0, 53, 30), Box(0, 0, 54, 30)  # a letter is less than 1.8 times as wide


@pytest.mark.parametrize(
    ("confidence", "none", "boxes", "is_row"),
    [
        # Digits for sure: of what is as narrow as a letter more confidence is asked.
        (0.7, 0.0, [NARROW], True),
        (0.69, 0.0, [NARROW], False),
        (0.3, 0.0, [WIDE], True),
        (0.3, 0.0, [NARROW, NARROW], True),
        # Pieces that look like none: 5 and 0.5 % are what they have of a digit.
        (0.9, 0.95, [NARROW], True),
        (0.89, 0.95, [NARROW], False),
        (0.3, 0.95, [WIDE], True),
        (0.6, 0.995, [WIDE], True),
        (0.59, 0.995, [WIDE], False),
        (0.59, 0.985, [WIDE], True),
        (0.59, 1.0, [], False),
    ],
)
def test_more_is_asked_of_what_looks_like_a_letter_or_like_nothing(
    confidence: float, none: float, boxes: list[Box], is_row: bool
) -> None:
    """A row of cut pieces is believed if it is read with confidence, the more the less it shows."""
    reason = "" if is_row else "the writing looks like no row of digits"
    assert row_reason(confidence, np.full(3, none), boxes) == reason
