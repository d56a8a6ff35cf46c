"""Score the model on the test set, which has chosen nothing about it.

Reads: the model (`--model`, .keras), test_{images,labels}.npy in the folder `--processed`, and the
data set's name in `--data-metrics` (JSON).
Writes: the scores (`--metrics`, JSON) and a row per test image (`--predictions`, CSV).
Parameters: none.
"""

import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import log_loss, precision_recall_fscore_support

from stages.batches import batches_in_order
from stages.command import StageError, parse_paths, run
from stages.dataset import IMAGE_SHAPE, NUM_CLASSES, Bytes, load
from stages.files import read_json, write_csv, write_json
from stages.runtime import make_deterministic, use_kernels, verbosity

BATCH_SIZE = 1000  # images
CALIBRATION_BINS = 15
CONFIDENCE_LEVEL = 0.95
EXAMPLES = 10  # test images whose labels are printed

Probabilities = NDArray[np.float32]  # (N, 10), rows sum to 1


def scores(labels: Bytes, probabilities: Probabilities) -> dict[str, Any]:
    """Compare labels (N,) with probabilities (N, 10); return the figures of metrics/metrics.json.

    `accuracy_low` and `accuracy_high` are the 95 % Wilson interval: how far the accuracy on other
    images of the same kind may be, the test set being a sample.
    """
    predicted = probabilities.argmax(axis=1)
    # float32 rows sum to one to 7 digits only, which log_loss warns of
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    correct = int((predicted == labels).sum())
    interval = binomtest(correct, len(labels)).proportion_ci(CONFIDENCE_LEVEL, method="wilson")
    classes = list(range(NUM_CLASSES))
    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, predicted, labels=classes, zero_division=0.0
    )
    return {
        "images": len(labels),
        "errors": len(labels) - correct,
        "accuracy": correct / len(labels),
        "accuracy_low": float(interval.low),
        "accuracy_high": float(interval.high),
        "loss": float(log_loss(labels, exact, labels=classes)),
        "macro_f1": float(f1.mean()),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
        "per_class": {
            str(digit): {
                "precision": float(precision[digit]),
                "recall": float(recall[digit]),
                "f1": float(f1[digit]),
            }
            for digit in classes
        },
    }


def expected_calibration_error(labels: Bytes, probabilities: Probabilities) -> float:
    """Return the mean gap between confidence and accuracy over bins of equal width in confidence.

    As in Guo et al., "On Calibration of Modern Neural Networks" (2017), weighted by bin size.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def prediction_table(labels: Bytes, probabilities: Probabilities) -> pd.DataFrame:
    """Return a row per image, in the order of the test set."""
    return pd.DataFrame(
        {
            "index": np.arange(len(labels)),
            "label": labels,
            "predicted": probabilities.argmax(axis=1),
            "confidence": probabilities.max(axis=1),
        }
    )


def load_model(path: Path) -> keras.Model:
    """Read a .keras file, as plain `keras.models.load_model` does.

    Raises `StageError` if it is none, or takes or gives other shapes than a digit classifier.
    """
    again = "delete it and type `dvc repro`"
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():  # Keras does not look at the checksums
                raise zipfile.BadZipFile(f"its part {damaged} damaged")
        model = keras.models.load_model(path, compile=False)
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
        found = " ".join(str(error).split())
        raise StageError(f"{path}: expected a Keras model, found: {found}; {again}") from error
    shapes = (tuple(model.input_shape[1:]), tuple(model.output_shape[1:]))
    expected = (IMAGE_SHAPE, (NUM_CLASSES,))
    if shapes != expected:
        raise StageError(f"{path}: found a model of {shapes}, expected {expected}; {again}")
    return model


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays",
        data_metrics="JSON file with the data set's name",
        model=".keras file with the model",
        metrics="JSON file for the scores",
        predictions="CSV file for the predictions",
    )
    # One thread and no newer instructions: the scores depend on the model alone.
    use_kernels(threads=1, instruction_set="avx2")
    make_deterministic(seed=0)
    test = load(paths.processed, "test")
    model = load_model(paths.model)
    probabilities = model.predict(batches_in_order(test, BATCH_SIZE), verbose=verbosity())

    metrics = {"dataset": read_json(paths.data_metrics)["dataset"]}
    metrics |= scores(test.labels, probabilities)
    table = prediction_table(test.labels, probabilities)
    write_json(paths.metrics, metrics)
    write_csv(paths.predictions, table)

    print(f"actual:    {' '.join(map(str, table['label'][:EXAMPLES]))}")
    print(f"predicted: {' '.join(map(str, table['predicted'][:EXAMPLES]))}")
    print(
        f"{metrics['dataset']}: accuracy {metrics['accuracy']:.4f} "
        f"[{metrics['accuracy_low']:.4f}, {metrics['accuracy_high']:.4f}], "
        f"{metrics['errors']:,} errors in {metrics['images']:,} test images"
    )


if __name__ == "__main__":
    run(main)
