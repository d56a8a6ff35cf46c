import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score

from stages.evaluate import compute_scores, expected_calibration_error, prediction_table


def _probabilities(predicted: list[int], confidence: float) -> NDArray[np.float32]:
    rest = (1 - confidence) / 9
    return np.array(
        [[confidence if k == p else rest for k in range(10)] for p in predicted], np.float32
    )


def test_wilson_interval_by_the_formula() -> None:
    """The interval for 9 of 10 is (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)."""
    labels = np.arange(10, dtype=np.uint8)
    scores = compute_scores(labels, _probabilities([*range(9), 0], 0.9))
    z, n, p = 1.959964, 10, 0.9
    middle, spread = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert scores["errors"] == 1
    assert scores["accuracy_low"] == pytest.approx((middle - spread) / (1 + z**2 / n), abs=1e-6)
    assert scores["accuracy_high"] == pytest.approx((middle + spread) / (1 + z**2 / n), abs=1e-6)


def test_scores_against_scikit_learn() -> None:
    """Accuracy and macro F1 equal scikit-learn's; the loss equals NumPy's."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 500).astype(np.uint8)
    probabilities = random.dirichlet(np.ones(10), 500).astype(np.float32)
    scores = compute_scores(labels, probabilities)
    predicted = probabilities.argmax(axis=1)
    assert scores["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert scores["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    expected_loss = -np.log(probabilities[np.arange(500), labels].astype(float)).mean()
    assert scores["loss"] == pytest.approx(expected_loss, rel=1e-5)


def test_a_class_that_is_never_predicted_counts_as_zero() -> None:
    """A class without predictions has precision 0 and causes no error."""
    scores = compute_scores(np.array([1, 1], np.uint8), _probabilities([2, 2], 0.9))
    assert scores["per_class"]["1"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert scores["accuracy"] == 0


def test_calibration_error_by_hand() -> None:
    """Three of four right at 0.9 is a gap of 0.15; one of one right at 0.5 is a gap of 0.5."""
    labels = np.array([1, 2, 3, 4, 5], np.uint8)
    probabilities = np.concatenate([_probabilities([1, 2, 3, 9], 0.9), _probabilities([5], 0.5)])
    expected = (4 * 0.15 + 1 * 0.5) / 5
    assert expected_calibration_error(labels, probabilities) == pytest.approx(expected, abs=1e-6)


def test_full_confidence_has_a_bin() -> None:
    """A probability of exactly 1 belongs to the last bin."""
    labels = np.array([1, 2], np.uint8)
    assert expected_calibration_error(labels, _probabilities([1, 2], 1.0)) == 0


def test_prediction_table() -> None:
    """The table has a row per image, in the test set's order."""
    table = prediction_table(np.array([7, 2], np.uint8), _probabilities([7, 1], 0.8))
    assert table.to_dict("list") == {
        "index": [0, 1],
        "label": [7, 2],
        "predicted": [7, 1],
        "confidence": pytest.approx([0.8, 0.8]),
    }
