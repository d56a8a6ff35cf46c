"""What a network learns from own pictures: python -m benchmarks.own_pictures.

For each of some made writers, the committed network learns 20 pictures of each digit in one epoch,
as with `train.start_from=models/start.keras`, and reads 50 others of each digit. The table has the
errors before and after, on the others and on MNIST's validation images, for each share of own
pictures in a batch, and the median time of a training.
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


def learnt(settings: Train, inputs: Inputs) -> tuple[keras.Model, float]:
    """Train a network, and return the model and the seconds that this took."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        network, _ = train_network(settings, inputs, CheckpointFolder(Path(folder), "own"), 0)
    return ensemble([network], settings.test_time_shift), time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="number of the first writer")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.05, 0.1, 0.25])
    arguments = parser.parse_args()
    settings = load_section(Train, Path("params.yaml"))
    settings = settings.model_copy(update={"epochs": 1, "learning_rate": LEARNING_RATE})
    use_kernels(settings.threads, settings.instruction_set)
    make_deterministic(settings.seed)
    processed = Path("data/processed")
    training, validation = (load_split(processed, split) for split in ("train", "validation"))
    before, weights = load_model(START), load_weights(START)
    lessons = [lesson(arguments.first + number) for number in range(arguments.writers)]
    own = sum(errors(before, one.others) for one in lessons)
    images = sum(len(one.others.labels) for one in lessons)
    rows = [f"| before | {own} | {errors(before, validation)} | |"]
    for share in arguments.shares:
        results = []
        for one in lessons:
            inputs = Inputs(training, validation, len(DIGITS), one.taught, weights)
            model, seconds = learnt(settings.model_copy(update={"own_share": share}), inputs)
            results.append((errors(model, one.others), errors(model, validation), seconds))
        own, mnist, seconds = np.array(results).T
        rows.append(
            f"| {share} | {own.sum():.0f} | {mnist.mean():.1f} | {np.median(seconds):.0f} |"
        )
    validated = f"{len(validation.labels):,}"
    print(f"| own_share | errors in {images:,} others | in {validated} of MNIST, mean | seconds |")
    print("\n".join(["|---|---|---|---|", *rows]))


if __name__ == "__main__":
    run(main)
