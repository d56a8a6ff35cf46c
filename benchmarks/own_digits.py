"""Measure how well pictures are recognised: python -m benchmarks.own_digits [--folder FOLDER].

The output is three tables in Markdown. The first compares MNIST's test images as PNG files with
the same images given directly to the model. The second has the accuracy on hard pictures made
from test images and from a folder of labelled pictures, whose names begin with the label. The
third has the share of validation digits and of pictures without digits that are rejected at
several thresholds of the model's confidence.
"""

import argparse
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from app.arrays import UInt8Array
from app.classifier import Classifier
from app.decode import decode
from app.files import PictureError, load_file
from app.models import default_model
from app.reader import Reader
from app.segment import find_digits
from app.sources import SUFFIXES
from benchmarks import hard_pictures, non_digits
from stages.shared.cli import StageError, run
from stages.shared.dataset import LabelledImages, load_split

LARGE = "4000 px"  # a tenth of the pictures is used, as each takes half a second to make
THRESHOLDS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def accuracy(reader: Reader, contents: Iterable[bytes], labels: Iterable[int]) -> float:
    """Return the share of pictures that are recognised as their single digit."""
    readings = map(reader.recognise, contents)
    right = [
        not reading.reason and [answer.digit for answer in reading.answers] == [label]
        for reading, label in zip(readings, labels, strict=True)
    ]
    return float(np.mean(right))


def as_png(image: UInt8Array) -> bytes:
    """Encode an image (28, 28) as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def direct_accuracy(classify: Classifier, data: LabelledImages) -> float:
    """Return the accuracy on images that are given directly to the model."""
    images = data.images[..., 0]
    blocks = [classify(images[start : start + 500]) for start in range(0, len(images), 500)]
    return float((np.concatenate(blocks).argmax(axis=1) == data.labels).mean())


def labelled_folder(folder: Path) -> LabelledImages:
    """Load the pictures of a folder as labelled 28x28 images.

    Raises `StageError` if the folder has no pictures, a picture is rejected or a name does not
    begin with a digit.
    """
    paths = pictures_in(folder)
    images = []
    for path in paths:
        try:
            steps = find_digits(decode(load_file(path)).grey)
        except PictureError as error:
            raise StageError(f"{path}: {error}") from error
        if steps.reason or path.name[0] not in "0123456789":
            found = f"no digit, {steps.reason}" if steps.reason else "no label"
            raise StageError(
                f"{path}: found {found}; expected a digit, with its label first in the name; "
                "rename the file or remove it from the folder"
            )
        if len(steps.digits) > 1:
            raise StageError(f"{path}: found {len(steps.digits)} digits, expected one")
        images.append(steps.digits[0].image)
    labels = np.array([int(path.name[0]) for path in paths], np.uint8)
    return LabelledImages(np.stack(images)[..., np.newaxis], labels)


def pictures_in(folder: Path) -> list[Path]:
    """Return the sorted pictures of a folder, or raise `StageError` if it has none."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise StageError(
            f"{folder}: found no picture, expected some with the label first in each name"
        )
    return paths


def hard_accuracy(
    reader: Reader, make: Callable[..., bytes], data: LabelledImages, count: int
) -> float:
    """Return the accuracy on pictures made from the first `count` images."""
    random = np.random.default_rng(0)
    contents = (make(image, random) for image in data.images[:count, ..., 0])
    return accuracy(reader, contents, data.labels[:count].tolist())


def confidences(reader: Reader, contents: Iterable[bytes]) -> np.ndarray:
    """Return the lowest confidence among each picture's digits, -1 if it has no digit."""
    return np.array(
        [
            min((answer.confidence for answer in reader.recognise(content).answers), default=-1.0)
            for content in contents
        ]
    )


def print_row(*cells: object) -> None:
    """Print a row of a Markdown table; a float is a share, printed as a percentage."""
    texts = (f"{100 * cell:.2f} %" if isinstance(cell, float) else str(cell) for cell in cells)
    print("|", " | ".join(texts), "|")


def print_accuracy(reader: Reader, model: Path, test: LabelledImages, folder: Path | None) -> None:
    """Print the accuracy on test images, directly and as PNG files, and on a folder's pictures."""
    pngs = (as_png(image) for image in test.images[..., 0])
    print_row("pictures", "right")
    print_row("---", "---")
    print_row(
        "MNIST's test images, given directly to the model", direct_accuracy(Classifier(model), test)
    )
    print_row("MNIST's test images, as PNG files", accuracy(reader, pngs, test.labels.tolist()))
    if folder:
        paths = pictures_in(folder)
        pictures = (path.read_bytes() for path in paths)
        labels = [int(path.name[0]) for path in paths]
        print_row("the folder's pictures", accuracy(reader, pictures, labels))


def print_hard_accuracy(reader: Reader, sets: dict[str, LabelledImages], count: int) -> None:
    """Print the accuracy on each kind of hard picture, made from the images of each set."""
    print_row("picture", *sets)
    print_row("---", *("---" for _ in sets))
    for name, make in hard_pictures.KINDS.items():
        images = count // 10 if name == LARGE else count
        print_row(name, *(hard_accuracy(reader, make, data, images) for data in sets.values()))


def print_rejected(reader: Reader, validation: LabelledImages, count: int) -> None:
    """Print the share of digits and of other pictures that is rejected at each threshold."""
    print_row("rejected at a confidence below", *(f"{100 * value:.0f} %" for value in THRESHOLDS))
    print_row("---", *("---" for _ in THRESHOLDS))
    random = np.random.default_rng(0)
    digits = validation.images[: 4 * count, ..., 0]
    kinds = {
        "validation digits": [as_png(image) for image in digits],
        "validation digits, uneven photos": [
            hard_pictures.uneven_photo(image, random) for image in digits[:count]
        ],
    } | {name: [make(random) for _ in range(count // 2)] for name, make in non_digits.KINDS.items()}
    for name, contents in kinds.items():
        lowest = confidences(reader, contents)
        print_row(name, *(float((lowest < value).mean()) for value in THRESHOLDS))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="pictures with the label first in each name")
    parser.add_argument("--count", type=int, default=500, help="test images for each kind")
    parser.add_argument("--processed", type=Path, default=Path("data/processed"))
    parser.add_argument("--model", type=Path, default=default_model())
    options = parser.parse_args()
    reader, test = Reader(options.model), load_split(options.processed, "test")
    sets = {"test images": test}
    if options.folder:
        sets["folder"] = labelled_folder(options.folder)

    print_accuracy(reader, options.model, test, options.folder)
    print()
    print_hard_accuracy(reader, sets, options.count)
    print()
    print_rejected(reader, load_split(options.processed, "validation"), options.count)


if __name__ == "__main__":
    run(main)
