"""Score the model on the test set, which has no part in training it or choosing it.

Reads: the model (`--model`, .keras) and, in the folder `--processed`, dataset.json,
{test,own_test}_{images,labels}.npy and own_pictures.csv.
Writes: the scores (`--metrics`, JSON), the scores of each class (`--classes`, CSV), the counts of
the confusion matrix (`--confusion`, CSV), a row per test image (`--predictions`, CSV) and a row per
own picture for the test (`--own`, CSV), named by its SHA-256. In the tables a class stands by its
name.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from stages.shared.arrays import LabelledImages, UInt8Array, load_split
from stages.shared.cli import parse_paths
from stages.shared.dataset import DATASET_FILE, read_dataset
from stages.shared.files import damaged, read_csv, write_csv, write_json
from stages.training.batches import evaluation_batches
from stages.training.determinism import make_deterministic, use_kernels, verbosity
from stages.training.model_file import load_model

BATCH_SIZE = 1000  # images
CALIBRATION_BINS = 15
CONFIDENCE_LEVEL = 0.95
EXAMPLES = 10  # test images whose labels are printed

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


def predict(model: keras.Model, data: LabelledImages) -> Probabilities:
    """Return the model's probabilities (N, 10) of the images; N may be 0."""
    if not len(data.labels):
        return np.zeros((0, model.output_shape[1]), np.float32)
    batches = evaluation_batches(data, BATCH_SIZE)
    return np.asarray(model.predict(batches, verbose=verbosity()))


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays",
        model=".keras file with the model",
        metrics="JSON file for the scores",
        classes="CSV file for the scores of each class",
        confusion="CSV file for the counts of the confusion matrix",
        predictions="CSV file for the predictions",
        own="CSV file for the predictions of own pictures",
    )
    dataset, classes = read_dataset(paths.processed / DATASET_FILE)
    # One thread and no newer instructions: the scores depend on the model alone.
    use_kernels(threads=1, instruction_set="avx2")
    make_deterministic(seed=0)
    test = load_split(paths.processed, "test")
    model = load_model(paths.model)
    if model.output_shape[1] != len(classes):
        found, expected = f"a model of {model.output_shape[1]} classes", f"the {len(classes)} of"
        raise damaged(paths.model, found, f"{expected} {dataset}")
    probabilities = predict(model, test)
    own = load_split(paths.processed, "own_test")
    own_predictions = prediction_table(own.labels, predict(model, own), classes)
    listed = read_csv(paths.processed / "own_pictures.csv")
    own_predictions["index"] = listed.loc[listed["split"] == "own_test", "sha256"].to_numpy()

    metrics = {"dataset": dataset} | compute_scores(test.labels, probabilities)
    metrics |= own_scores(own_predictions)
    predictions = prediction_table(test.labels, probabilities, classes)
    predicted = probabilities.argmax(axis=1)
    write_json(paths.metrics, metrics)
    write_csv(paths.classes, class_table(test.labels, predicted, classes))
    write_csv(paths.confusion, confusion_table(test.labels, predicted, classes))
    write_csv(paths.predictions, predictions)
    write_csv(paths.own, own_predictions.rename(columns={"index": "sha256"}))

    print(f"actual:    {', '.join(predictions['label'][:EXAMPLES])}")
    print(f"predicted: {', '.join(predictions['predicted'][:EXAMPLES])}")
    if "own_images" in metrics:
        print(f"own pictures: {metrics['own_errors']:,} errors in {metrics['own_images']:,}")
    print(
        f"{dataset}: accuracy {metrics['accuracy']:.4f} "
        f"[{metrics['accuracy_low']:.4f}, {metrics['accuracy_high']:.4f}], "
        f"errors: {metrics['errors']:,} in {metrics['images']:,} test images"
    )
