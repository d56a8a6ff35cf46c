from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score

from stages.command import StageError
from stages.evaluate import expected_calibration_error, load_model, prediction_table, scores
from stages.model import build, save


def _probabilities(predicted: list[int], confidence: float) -> NDArray[np.float32]:
    rest = (1 - confidence) / 9
    return np.array(
        [[confidence if k == p else rest for k in range(10)] for p in predicted], np.float32
    )


def test_wilson_interval_by_the_formula() -> None:
    """9 of 10 right: the interval is (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)."""
    labels = np.arange(10, dtype=np.uint8)
    figures = scores(labels, _probabilities([*range(9), 0], 0.9))
    z, n, p = 1.959964, 10, 0.9
    middle, spread = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert figures["errors"] == 1
    assert figures["accuracy_low"] == pytest.approx((middle - spread) / (1 + z**2 / n), abs=1e-6)
    assert figures["accuracy_high"] == pytest.approx((middle + spread) / (1 + z**2 / n), abs=1e-6)


def test_scores_against_scikit_learn() -> None:
    """Accuracy and macro F1 are what an independent computation gives."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 500).astype(np.uint8)
    probabilities = random.dirichlet(np.ones(10), 500).astype(np.float32)
    figures = scores(labels, probabilities)
    predicted = probabilities.argmax(axis=1)
    assert figures["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert figures["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    expected_loss = -np.log(probabilities[np.arange(500), labels].astype(float)).mean()
    assert figures["loss"] == pytest.approx(expected_loss, rel=1e-5)


def test_a_class_that_is_never_predicted_counts_as_zero() -> None:
    """Precision of nothing is 0, not an error."""
    figures = scores(np.array([1, 1], np.uint8), _probabilities([2, 2], 0.9))
    assert figures["per_class"]["1"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert figures["accuracy"] == 0


def test_calibration_error_by_hand() -> None:
    """Four at 0.9 with three right, in one bin: |0.9 - 0.75|; one at 0.5 and right: |0.5 - 1|."""
    labels = np.array([1, 2, 3, 4, 5], np.uint8)
    probabilities = np.concatenate([_probabilities([1, 2, 3, 9], 0.9), _probabilities([5], 0.5)])
    expected = (4 * 0.15 + 1 * 0.5) / 5
    assert expected_calibration_error(labels, probabilities) == pytest.approx(expected, abs=1e-6)


def test_full_confidence_has_a_bin() -> None:
    """A probability of exactly 1 belongs to the last bin."""
    labels = np.array([1, 2], np.uint8)
    assert expected_calibration_error(labels, _probabilities([1, 2], 1.0)) == 0


def test_prediction_table() -> None:
    """A row per image in the test set's order."""
    table = prediction_table(np.array([7, 2], np.uint8), _probabilities([7, 1], 0.8))
    assert table.to_dict("list") == {
        "index": [0, 1],
        "label": [7, 2],
        "predicted": [7, 1],
        "confidence": pytest.approx([0.8, 0.8]),
    }


def test_refuses_a_damaged_model(tmp_path: Path) -> None:
    """A file that is cut, flipped, or of other shapes is one line, not a traceback."""
    path = tmp_path / "model.keras"
    save(build("mlp", dropout=0), path)
    assert load_model(path).count_params() == 407_050
    whole = path.read_bytes()
    middle = len(whole) // 2
    for content in (
        b"",
        whole[:1000],
        whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
    ):
        path.write_bytes(content)
        with pytest.raises(StageError, match="expected a Keras model, found") as fault:
            load_model(path)
        assert "\n" not in str(fault.value)
