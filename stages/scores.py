"""The scores of a model's answers, as numbers and as tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from stages.shared.arrays import UInt8Array

CALIBRATION_BINS = 15
CONFIDENCE_LEVEL = 0.95

Probabilities = NDArray[np.float32]  # (N, C), rows sum to 1


def compute_scores(labels: UInt8Array, probabilities: Probabilities) -> dict[str, Any]:
    """Compare labels (N,) with probabilities (N, C); return the scores of metrics/metrics.json.

    `accuracy_low` and `accuracy_high` bound the 95 % Wilson score interval of the accuracy, taking
    the test set as a random sample.
    """
    predicted = probabilities.argmax(axis=1)
    # float32 rows sum to 1 to 7 digits only, and log_loss warns of that.
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    correct = int((predicted == labels).sum())
    interval = binomtest(correct, len(labels)).proportion_ci(CONFIDENCE_LEVEL, method="wilson")
    return {
        "images": len(labels),
        "errors": len(labels) - correct,
        "accuracy": correct / len(labels),
        "accuracy_low": float(interval.low),
        "accuracy_high": float(interval.high),
        "loss": float(log_loss(labels, exact, labels=range(exact.shape[1]))),
        "macro_f1": float(_class_scores(labels, predicted, exact.shape[1])["f1"].mean()),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
    }


def own_scores(predictions: pd.DataFrame) -> dict[str, Any]:
    """Return the scores on a person's own test pictures, {} if there are none."""
    images = len(predictions)
    errors = int((predictions["label"] != predictions["predicted"]).sum())
    scores = {"own_images": images, "own_errors": errors}
    return scores | {"own_accuracy": 1 - errors / images} if images else {}


def class_table(
    labels: UInt8Array, predicted: NDArray[np.int64], classes: Sequence[str]
) -> pd.DataFrame:
    """Return a row per class: digit, images, errors (of these images), precision, recall, f1.

    The column `digit` has the class's name.
    """
    scores = _class_scores(labels, predicted, len(classes))
    return pd.DataFrame({"digit": classes} | scores)


def _class_scores(
    labels: UInt8Array, predicted: NDArray[np.int64], num_classes: int
) -> dict[str, NDArray[Any]]:
    precision, recall, f1, images = precision_recall_fscore_support(
        labels, predicted, labels=range(num_classes), zero_division=0.0
    )
    errors = np.bincount(labels[predicted != labels], minlength=num_classes)
    columns = {"precision": precision, "recall": recall, "f1": f1}
    return {"images": images, "errors": errors} | columns


def confusion_table(
    labels: UInt8Array, predicted: NDArray[np.int64], classes: Sequence[str]
) -> pd.DataFrame:
    """Return a row per cell of the confusion matrix: label, predicted, count; C times C rows."""
    counts = confusion_matrix(labels, predicted, labels=range(len(classes)))
    label, prediction = (np.array(classes)[places] for places in np.indices(counts.shape))
    columns = {"label": label, "predicted": prediction, "count": counts}
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()})


def expected_calibration_error(labels: UInt8Array, probabilities: Probabilities) -> float:
    """Return the mean gap between confidence and accuracy over bins of equal width in confidence.

    As in Guo et al., "On Calibration of Modern Neural Networks" (2017), weighted by bin size.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def prediction_table(
    labels: UInt8Array, probabilities: Probabilities, classes: Sequence[str]
) -> pd.DataFrame:
    """Return a row per image, in their order: index, label, predicted, confidence, runner_up.

    `confidence` is the probability of `predicted`, 0 to 1; `runner_up` is the next likely class.
    """
    names = np.array(classes)
    predicted = probabilities.argmax(axis=1)
    others = probabilities.copy()
    np.put_along_axis(others, predicted[:, np.newaxis], -1, axis=1)
    return pd.DataFrame(
        {
            "index": np.arange(len(labels)),
            "label": names[labels],
            "predicted": names[predicted],
            "confidence": probabilities.max(axis=1),
            "runner_up": names[others.argmax(axis=1)],
        }
    )
