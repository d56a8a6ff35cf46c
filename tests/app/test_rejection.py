import numpy as np

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

    sure, enough, unsure = (np.array(row(value), np.float32) for value in (1, MIN_CONFIDENCE, 0.3))
    assert confidence_reason(np.stack([sure, enough])) == ""
    reason = confidence_reason(np.stack([sure, unsure, enough]))
    assert reason == "most likely a 1, but with only 30 % confidence"


def test_what_looks_like_no_digit_is_rejected() -> None:
    """One such shape among digits is enough; in MNIST's form it must be surer."""
    limit, other = np.float32(MAX_NONE), np.float32(MAX_NONE_IN_MNIST_FORM)
    between = np.array([0, (limit + other) / 2], np.float32)
    assert none_reason(np.array([0, limit - 0.01]), is_mnist_form=False) == ""
    assert none_reason(between, is_mnist_form=False) == "the writing looks like no digit"
    assert none_reason(between, is_mnist_form=True) == ""
    assert none_reason(np.array([1, 0]), is_mnist_form=True)


def test_rows_are_rejected_by_all_their_digits() -> None:
    """A piece of a row may look like nothing, as it was cut out; most of them may not."""
    digits = np.array([0.1, 0.99, 0.1, 0.1], np.float32)
    assert row_reason(MIN_ROW_CONFIDENCE + 0.01, digits, [Box(0, 0, 90, 30)]) == ""
    unsure = "several digits, but with only 12 % confidence"
    assert row_reason(0.12, digits, [Box(0, 0, 90, 30)]) == unsure
    assert (
        row_reason(0.5, np.full(4, 0.999), [Box(0, 0, 90, 30)])
        == "the writing looks like no row of digits"
    )
