"""Score the model on the test set, which has no part in training it or choosing it.

Reads: the model (`--model`, .keras) and, in the folder `--processed`, dataset.json,
{test,own_test}_{images,labels}.npy and own_pictures.csv.
Writes: the scores (`--metrics`, JSON), the scores of each class (`--classes`, CSV), the counts of
the confusion matrix (`--confusion`, CSV), a row per test image (`--predictions`, CSV) and a row per
own picture for the test (`--own`, CSV), named by its SHA-256. In the tables a class stands by its
name.
"""

import keras
import numpy as np

from stages.scores import (
    Probabilities,
    class_table,
    compute_scores,
    confusion_table,
    own_scores,
    prediction_table,
)
from stages.shared.arrays import LabelledImages, load_split
from stages.shared.cli import parse_paths
from stages.shared.dataset import DATASET_FILE, read_dataset
from stages.shared.files import damaged, read_csv, write_csv, write_json
from stages.training.batches import evaluation_batches
from stages.training.determinism import make_deterministic, use_kernels, verbosity
from stages.training.model_file import load_model

BATCH_SIZE = 1000  # images
EXAMPLES = 10  # test images whose labels are printed


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
