"""Train the network that tells the ten digits and "none" apart, and score it.

Reads: {train,validation}_{images,labels}.npy in the folder `--processed`, real digits, and in the
folder `--characters`, made images, with their kinds in `--counts`.
Writes: the network (`--litert`, .tflite) and its scores on the validation images with the
threshold for "none" (`--metrics`, JSON).
Parameters: network.
"""

import math
import tempfile
from pathlib import Path

import keras
import numpy as np

from handwriting.network import build_network
from handwriting.scores import score_all
from handwriting.settings import Network, load
from stages.shared.arrays import LabelledImages, load_split
from stages.shared.cli import parse_paths, run
from stages.shared.files import read_csv, write_json
from stages.training.batches import evaluation_batches, training_batches
from stages.training.determinism import make_deterministic, use_kernels, verbosity
from stages.training.model_file import export_litert, save_model
from stages.training.schedule import OneCycle

VALIDATION_BATCH_SIZE = 1000  # images


def combined(plain: LabelledImages, made: LabelledImages, copies: int) -> LabelledImages:
    """Return the real digits, `copies` times, and the made images."""
    return LabelledImages(
        *(np.concatenate([one] * copies + [other]) for one, other in zip(plain, made, strict=True))
    )


def train(settings: Network, training: LabelledImages, validation: LabelledImages) -> keras.Model:
    """Train a network; its weights depend on the settings and the images alone."""
    keras.utils.set_random_seed(settings.seed)
    network = build_network(settings.dropout)
    steps = math.ceil(len(training.labels) / settings.batch_size)
    network.compile(
        optimizer=keras.optimizers.Adam(OneCycle(settings.learning_rate, settings.epochs * steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=settings.steps_per_execution,
        jit_compile=False,  # XLA on the CPU is several times slower
    )
    epochs = range(settings.epochs)
    network.fit(
        training_batches(
            training, settings.batch_size, settings.augmentation, settings.seed, epochs
        ),
        epochs=settings.epochs,
        validation_data=evaluation_batches(validation, VALIDATION_BATCH_SIZE),
        shuffle=False,  # the batches are shuffled already
        verbose=verbosity(),
    )
    return network


def export(network: keras.Model, path: Path) -> None:
    """Write a network as .tflite."""
    with tempfile.TemporaryDirectory() as folder:
        plain = build_network(dropout=0)  # without the optimizer, whose schedule is not Keras's own
        plain.set_weights(network.get_weights())
        save_model(plain, Path(folder) / "network.keras")
        export_litert(Path(folder) / "network.keras", path)


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays of real digits",
        characters="folder with the arrays of made images",
        counts="CSV file with the number of images of each kind",
        litert=".tflite file for the network",
        metrics="JSON file for the scores",
        params="parameter file",
    )
    settings = load(Network, paths.params)
    use_kernels(settings.threads, settings.instruction_set)
    make_deterministic(settings.seed)
    plain, made = (load_split(folder, "train") for folder in (paths.processed, paths.characters))
    validation = load_split(paths.characters, "validation")
    plain_validation = load_split(paths.processed, "validation")
    training = combined(plain, made, settings.plain_copies)
    print(f"training images: {len(training.labels):,}, validation: {len(validation.labels):,}")
    network = train(settings, training, validation)
    export(network, paths.litert)
    predicted, predicted_plain = (
        network.predict(np.asarray(data.images), batch_size=VALIDATION_BATCH_SIZE, verbose=0)
        for data in (validation, plain_validation)
    )
    scores = score_all(
        predicted,
        np.asarray(validation.labels),
        read_csv(paths.counts),
        predicted_plain,
        np.asarray(plain_validation.labels),
        settings.refused_digits,
    )
    write_json(paths.metrics, scores)


if __name__ == "__main__":
    run(main)
