import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score

from stages.scores import (
    class_table,
    compute_scores,
    confusion_table,
    expected_calibration_error,
    own_scores,
    prediction_table,
)

CLASSES = tuple("0123456789")


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
    labels = np.array([1, 1], np.uint8)
    assert compute_scores(labels, _probabilities([2, 2], 0.9))["macro_f1"] == 0
    row = class_table(labels, np.array([2, 2]), CLASSES).iloc[1]
    assert row.tolist() == ["1", 2, 2, 0, 0, 0]  # digit, images, errors, precision, recall, f1


def test_scores_of_each_digit_by_hand() -> None:
    """Of three ones, one is read as a two; of the twos read, one of two is right."""
    table = class_table(np.array([1, 1, 1, 2], np.uint8), np.array([1, 1, 2, 2]), CLASSES)
    assert table["digit"].tolist() == list(CLASSES)
    assert table.iloc[1].tolist() == ["1", 3, 1, 1, pytest.approx(2 / 3), pytest.approx(0.8)]
    assert table.iloc[2].tolist() == ["2", 1, 0, 0.5, 1, pytest.approx(2 / 3)]
    assert table["errors"].sum() == 1


def test_confusion_counts_every_pair() -> None:
    """The table has a row for each of the 100 pairs, also for those that never occur."""
    table = confusion_table(np.array([1, 1, 1, 2], np.uint8), np.array([1, 1, 2, 2]), CLASSES)
    assert len(table) == 100
    counted = table[table["count"] > 0]
    assert counted.to_numpy().tolist() == [["1", "1", 2], ["1", "2", 1], ["2", "2", 1]]


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
    """The table has a row per image, in the test set's order, and the second likeliest digit."""
    probabilities = _probabilities([7, 1], 0.8)
    probabilities[0, 3] += 0.001
    probabilities[1, [1, 0]] = 0.8  # a tie: the smaller digit is the prediction
    table = prediction_table(np.array([7, 2], np.uint8), probabilities, CLASSES)
    assert table.to_dict("list") == {
        "index": [0, 1],
        "label": ["7", "2"],
        "predicted": ["7", "0"],
        "confidence": pytest.approx([0.8, 0.8]),
        "runner_up": ["3", "1"],
    }


def test_tables_have_the_names_of_the_classes() -> None:
    """Two classes of clothes stand in the tables by their names, by hand."""
    clothes, labels = ("T-shirt/top", "Ankle boot"), np.array([0, 1, 1], np.uint8)
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]], np.float32)
    predicted = probabilities.argmax(axis=1)
    assert class_table(labels, predicted, clothes).to_numpy().tolist() == [
        ["T-shirt/top", 1, 0, 0.5, 1, pytest.approx(2 / 3)],
        ["Ankle boot", 2, 1, 1, 0.5, pytest.approx(2 / 3)],
    ]
    assert confusion_table(labels, predicted, clothes).to_numpy().tolist() == [
        ["T-shirt/top", "T-shirt/top", 1],
        ["T-shirt/top", "Ankle boot", 0],
        ["Ankle boot", "T-shirt/top", 1],
        ["Ankle boot", "Ankle boot", 1],
    ]
    table = prediction_table(labels, probabilities, clothes)
    assert table["label"].tolist() == ["T-shirt/top", "Ankle boot", "Ankle boot"]
    assert table["runner_up"].tolist() == ["Ankle boot", "Ankle boot", "T-shirt/top"]
    scores = compute_scores(labels, probabilities)
    assert scores["loss"] == pytest.approx(-np.log([0.9, 0.2, 0.6]).mean(), rel=1e-6)
    assert (scores["errors"], scores["macro_f1"]) == (1, pytest.approx(2 / 3))


def test_scores_of_own_pictures_by_hand() -> None:
    """One error in two pictures; without pictures there are no keys."""
    table = prediction_table(np.array([3, 7], np.uint8), _probabilities([3, 1], 0.9), CLASSES)
    assert own_scores(table) == {"own_images": 2, "own_errors": 1, "own_accuracy": 0.5}
    assert own_scores(table[:0]) == {}
