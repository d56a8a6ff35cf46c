"""What a network learns from own pictures: python -m benchmarks.own_pictures.

For each of some made writers, the committed network learns 20 pictures of each digit in one epoch,
as with `train.start_from=models/start.keras`, and reads 50 others of each digit. The table has the
errors before and after, on the others and on MNIST's validation images, for each share of own
pictures in a batch.
"""

import argparse
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from benchmarks.writers import Writer
from pictures.files import PictureError
from pictures.labelled import digit_image
from stages.shared.arrays import LabelledImages, UInt8Array, load_split
from stages.shared.cli import run
from stages.shared.dataset import DIGITS
from stages.shared.params import load_section
from stages.training.batches import evaluation_batches
from stages.training.checkpoint import CheckpointFolder
from stages.training.determinism import make_deterministic, use_kernels
from stages.training.ensemble import ensemble
from stages.training.inputs import Inputs
from stages.training.model_file import load_model
from stages.training.settings import Train
from stages.training.start import load_weights
from stages.training.trainer import train_network

START = Path("models/start.keras")
TAUGHT, OTHERS = 20, 50  # pictures of each digit
LEARNING_RATE = 1e-3  # the highest of the epoch


class Lesson(NamedTuple):
    """One writer's pictures."""

    taught: LabelledImages
    others: LabelledImages


def lesson(number: int) -> Lesson:
    """Make a writer's pictures and bring them to 28x28."""
    writer = Writer(number)
    images = np.array([_images(writer, digit) for digit in range(10)])[..., np.newaxis]

    def part(chosen: slice) -> LabelledImages:
        own = images[:, chosen]
        labels = np.repeat(np.arange(10, dtype=np.uint8), own.shape[1])
        return LabelledImages(own.reshape(-1, *own.shape[2:]), labels)

    return Lesson(part(slice(TAUGHT)), part(slice(TAUGHT, None)))


def _images(writer: Writer, digit: int) -> list[UInt8Array]:
    """Draw a digit until enough pictures of it can be read."""
    images: list[UInt8Array] = []
    while len(images) < TAUGHT + OTHERS:
        with suppress(PictureError):
            images.append(digit_image(writer.picture(digit)))
    return images


def errors(model: keras.Model, data: LabelledImages) -> int:
    """Count the images that a model misreads."""
    predicted = model.predict(evaluation_batches(data, 1000), verbose=0).argmax(axis=1)
    return int((predicted != data.labels).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="number of the first writer")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.1])
    parser.add_argument("--rates", type=float, nargs="+", default=[LEARNING_RATE])
    arguments = parser.parse_args()
    settings = load_section(Train, Path("params.yaml"))
    use_kernels(settings.threads, settings.instruction_set)
    make_deterministic(settings.seed)
    processed = Path("data/processed")
    training, validation = (load_split(processed, split) for split in ("train", "validation"))
    before, weights = load_model(START), load_weights(START)
    print(f"MNIST's validation images: {errors(before, validation)} errors before")
    for number in range(arguments.first, arguments.first + arguments.writers):
        taught, others = lesson(number)
        print(f"writer {number}: {errors(before, others)} errors in {len(others.labels)} before")
        for share in arguments.shares:
            for rate in arguments.rates:
                own = settings.model_copy(
                    update={"epochs": 1, "learning_rate": rate, "own_share": share}
                )
                inputs = Inputs(training, validation, len(DIGITS), taught, weights)
                began = time.monotonic()
                with tempfile.TemporaryDirectory() as folder:
                    network, _ = train_network(own, inputs, CheckpointFolder(Path(folder), "k"), 0)
                seconds = time.monotonic() - began
                after = ensemble([network], settings.test_time_shift)
                print(
                    f"writer {number}, share {share}, rate {rate}: {errors(after, others)} errors, "
                    f"MNIST's validation {errors(after, validation)}, {seconds:.0f} s",
                    flush=True,
                )


if __name__ == "__main__":
    run(main)
