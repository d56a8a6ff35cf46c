import numpy as np
import pandas as pd
import pytest

from handwriting.scores import none_threshold, score_all, score_digits, score_none
from handwriting.settings import NONE


def _probabilities(none: list[float], label: int = 3) -> np.ndarray:
    """Return rows (N, 11) with these probabilities of none, and the rest on one digit."""
    rows = np.zeros((len(none), 11), np.float32)
    rows[:, NONE] = none
    rows[:, label] = 1 - rows[:, NONE]
    return rows


def test_the_threshold_refuses_the_share_of_digits() -> None:
    """Of a hundred digits, two are above the threshold for 2 %."""
    digits = _probabilities([i / 100 for i in range(100)])
    threshold = none_threshold(digits, 0.02)
    assert (digits[:, NONE] > threshold).sum() == 2


def test_what_is_no_digit() -> None:
    """Two of three are above all digits; the third is above half of them, and not refused."""
    scores = score_none(
        _probabilities([0.9, 0.8, 0.2]), _probabilities([0.1, 0.1, 0.3, 0.3]), threshold=0.5
    )
    assert scores == pytest.approx({"images": 3, "auroc": 10 / 12, "taken": 1 / 3})


def test_digits() -> None:
    """A refused digit still counts as right if its digit is the likeliest of the ten."""
    labels = np.array([3, 3, 4, 3], np.uint8)
    scores = score_digits(_probabilities([0.1, 0.9, 0.1, 0.1]), labels, threshold=0.5)
    assert scores == pytest.approx({"images": 4, "refused": 0.25, "accuracy": 0.75})


def test_kinds_are_scored_by_their_place() -> None:
    """Each kind has the images that the counts say, in their order; only validation counts."""
    counts = pd.DataFrame(
        [("train", "letters", 9), ("validation", "letters", 2), ("validation", "digits", 3)],
        columns=["split", "kind", "images"],
    )
    predicted = _probabilities([0.9, 0.9, 0.0, 0.0, 0.9])
    labels = np.array([NONE, NONE, 3, 3, 3], np.uint8)
    plain = _probabilities([0.0, 0.1])
    scores = score_all(predicted, labels, counts, plain, np.array([3, 3], np.uint8), refused=0.1)
    assert scores["letters"] == {"images": 2, "auroc": 1.0, "taken": 0.0}
    assert scores["digits"]["refused"] == pytest.approx(1 / 3)
    assert scores["plain digits"]["images"] == 2
    assert 0.0 < scores["none_threshold"] < 0.1
