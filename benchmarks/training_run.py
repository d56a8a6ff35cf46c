"""Train one network and measure it: the work of `python -m benchmarks.recipes`, a process each."""

import resource
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from benchmarks.results import MEASURED, PROBABILITIES, megabytes
from stages.shared.arrays import SPLITS, LabelledImages, load_split, save_array
from stages.shared.cli import run
from stages.shared.dataset import DATASET_FILE, read_dataset
from stages.shared.files import write_json
from stages.training.batches import evaluation_batches
from stages.training.checkpoint import CheckpointFolder
from stages.training.determinism import make_deterministic, use_kernels
from stages.training.ensemble import ensemble
from stages.training.inputs import Inputs
from stages.training.settings import Train
from stages.training.trainer import train_network

BATCH_SIZE = 1000  # test images
MATRIX = 2048  # rows and columns: large enough to be bound by arithmetic
PRODUCTS = 20


class Watch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Record the test accuracy after each epoch, without counting the time that this takes."""

    def __init__(self, test: LabelledImages) -> None:
        super().__init__()
        self.test = test
        self.watched: list[tuple[float, float]] = []
        self.start = time.perf_counter()

    def seconds(self) -> float:
        """Return the seconds of training so far."""
        return time.perf_counter() - self.start

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        seconds = self.seconds()
        predicted = probabilities_of(self.model, self.test).argmax(axis=1)
        self.watched.append((seconds, float((predicted == self.test.labels).mean())))
        self.start = time.perf_counter() - seconds


def probabilities_of(model: keras.Model, data: LabelledImages) -> NDArray[np.float32]:
    """Return (N, C) float32.

    A batch at a time: `predict` takes `steps_per_execution` of them at once, in as much memory.
    """
    batches = evaluation_batches(data, BATCH_SIZE).as_numpy_iterator()
    return np.concatenate([model.predict_on_batch(images) for images, _ in batches])


def macs_per_image(model: keras.Model) -> list[int]:
    """Count the multiply-adds of one image through each convolution and dense layer, in order."""
    macs = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            macs.append(int(np.prod(layer.output.shape[1:3])) * int(np.prod(layer.kernel.shape)))
        elif isinstance(layer, keras.layers.Dense):
            macs.append(int(np.prod(layer.kernel.shape)))
    return macs


def matrix_product_flops() -> float:
    """Return the float32 operations per second of matrix products, the best of several."""
    matrix = tf.random.stateless_uniform((MATRIX, MATRIX), (0, 0))
    fastest = float("inf")
    for _ in range(PRODUCTS):
        start = time.perf_counter()
        tf.linalg.matmul(matrix, matrix).numpy()
        fastest = min(fastest, time.perf_counter() - start)
    return 2 * MATRIX**3 / fastest


def main() -> None:
    settings = Train.model_validate_json(sys.argv[1])
    arrays, results = Path(sys.argv[2]), Path(sys.argv[3])
    use_kernels(settings.threads, settings.instruction_set)
    make_deterministic(settings.seed)
    training, validation, test = (load_split(arrays, split) for split in SPLITS)
    num_classes = len(read_dataset(arrays / DATASET_FILE).classes)
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = CheckpointFolder(Path(folder), "benchmark")
        watch = Watch(test)
        model, history = train_network(
            settings, Inputs(training, validation, num_classes), checkpoints, 0, [watch]
        )
    fit_seconds = watch.watched[-1][0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    macs = macs_per_image(model)
    # Two operations each: forward, weight gradient and, except in the first layer, input gradient.
    operations = 2 * (3 * sum(macs) - macs[0]) * len(training.labels) * len(history)
    final = ensemble([model], settings.test_time_shift)
    save_array(results / PROBABILITIES, probabilities_of(final, test))
    write_json(
        results / MEASURED,
        {
            "epochs": len(history),
            "fit_seconds": fit_seconds,
            "watched": [list(moment) for moment in watch.watched],
            "macs_per_image": sum(macs),
            "flops_share": operations / fit_seconds / matrix_product_flops(),
            "peak_mb": megabytes(peak),
        },
    )


if __name__ == "__main__":
    run(main)
