import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

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


@st.composite
def answers(draw: st.DrawFn) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Draw labels (N,) and probabilities (N, C), some of them equal, and some 0 or 1."""
    classes, images = draw(st.integers(2, 12)), draw(st.integers(1, 30))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = random.integers(0, classes, images).astype(np.uint8)
    weights = random.integers(0, draw(st.sampled_from([2, 4, 1000])), (images, classes))
    weights[~weights.any(axis=1)] = 1
    return labels, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@given(drawn=answers())
def test_scores_against_scikit_learn(drawn: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    """Accuracy and macro F1 are scikit-learn's, and the loss is NumPy's, also for 0 and 1.

    The interval is (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), and holds the accuracy.
    """
    labels, probabilities = drawn
    n, classes = probabilities.shape
    predicted, scores = probabilities.argmax(axis=1), compute_scores(labels, probabilities)
    p, z = accuracy_score(labels, predicted), 1.959964
    assert (scores["images"], scores["accuracy"]) == (n, pytest.approx(p))
    assert scores["errors"] == sum(labels != predicted)
    f1 = f1_score(labels, predicted, average="macro", labels=range(classes), zero_division=0)
    assert scores["macro_f1"] == pytest.approx(f1)
    of_labels = probabilities[np.arange(n), labels].astype(float)
    # An impossible event would have an infinite loss; the least double above 0 stands for it.
    expected = -np.log(np.clip(of_labels, np.finfo(float).eps, 1)).mean()
    assert scores["loss"] == pytest.approx(expected, rel=1e-5, abs=1e-6)
    middle, spread = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert scores["accuracy_low"] == pytest.approx((middle - spread) / (1 + z**2 / n), abs=1e-6)
    assert scores["accuracy_high"] == pytest.approx((middle + spread) / (1 + z**2 / n), abs=1e-6)
    assert 0 <= scores["accuracy_low"] <= p <= scores["accuracy_high"] <= 1


@given(drawn=answers())
def test_calibration_against_its_definition(
    drawn: tuple[NDArray[np.uint8], NDArray[np.float32]],
) -> None:
    """In each of 15 bins: the gap between the mean confidence and the share that is right."""
    labels, probabilities = drawn
    bins: dict[int, list[tuple[float, bool]]] = {}
    for label, row in zip(labels.tolist(), probabilities, strict=True):
        place = min(int(row.max() * np.float32(15)), 14)
        bins.setdefault(place, []).append((float(row.max()), int(row.argmax()) == label))
    gap = 0.0
    for members in bins.values():
        confidence = sum(one for one, _ in members) / len(members)
        right = sum(correct for _, correct in members) / len(members)
        gap += len(members) / len(labels) * abs(confidence - right)
    assert expected_calibration_error(labels, probabilities) == pytest.approx(gap, abs=1e-6)


@given(drawn=answers())
def test_the_tables_tell_the_same(drawn: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    """Scores by class are scikit-learn's; counts by pair are those of the rows; none is lost."""
    labels, probabilities = drawn
    classes = [f"class {number}" for number in range(probabilities.shape[1])]
    rows = prediction_table(labels, probabilities, classes)
    predicted = probabilities.argmax(axis=1)
    truth, answer = rows["label"].tolist(), rows["predicted"].tolist()
    by_class = class_table(labels, predicted, classes)
    for name, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        expected = score(truth, answer, labels=classes, average=None, zero_division=0)
        assert by_class[name].tolist() == pytest.approx(expected)
    assert by_class["images"].tolist() == [truth.count(name) for name in classes]
    pairs = confusion_table(labels, predicted, classes)
    counted = {(a, b): count for a, b, count in pairs.itertuples(index=False) if count}
    assert counted == pd.Series(zip(truth, answer, strict=True)).value_counts().to_dict()
    wrong = pairs[pairs["label"] != pairs["predicted"]].groupby("label")["count"].sum()
    assert by_class["errors"].tolist() == [wrong[name] for name in classes]
    for row, name, second in zip(probabilities, answer, rows["runner_up"], strict=True):
        first, following = np.sort(row)[[-1, -2]]
        assert (row[classes.index(name)], row[classes.index(second)]) == (first, following)
        assert name != second


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
    """A probability of exactly 1 belongs to the last of 15 bins, with 0.99 and without 0.92.

    Of 1 wrong, 0.99 right and 0.92 right the gaps are |1 - 0.01| and |-0.08|.
    """
    labels = np.array([1, 2], np.uint8)
    assert expected_calibration_error(labels, _probabilities([1, 2], 1.0)) == 0
    three = np.concatenate([_probabilities([7], one) for one in (1, 0.99, 0.92)])
    found = expected_calibration_error(np.array([1, 7, 7], np.uint8), three)
    assert found == pytest.approx((0.99 + 0.08) / 3)


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
    assert scores["expected_calibration_error"] == expected_calibration_error(labels, probabilities)


def test_scores_of_own_pictures_by_hand() -> None:
    """One error in four pictures; without pictures there are no keys."""
    labels = np.array([3, 7, 2, 5], np.uint8)
    table = prediction_table(labels, _probabilities([3, 1, 2, 5], 0.9), CLASSES)
    assert own_scores(table) == {"own_images": 4, "own_errors": 1, "own_accuracy": 0.75}
    assert own_scores(table[:0]) == {}
