"""Measure how reliably pictures are read: python -m benchmarks.own_digits [--folder FOLDER].

Prints Markdown tables: MNIST's test images as PNG files against the same images given straight to
the model; hard pictures made from test images, and from a folder of labelled pictures (the label
is the first character of a file's name); and how much is refused that is no digit, or that is a
validation digit, at several thresholds of the model's confidence.
"""

import argparse
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from app.classifier import Classifier
from app.image import find_digits
from app.picture import PictureError, read_file, read_picture
from app.predict import MODEL, SUFFIXES, load_reader
from app.reader import Reader
from benchmarks import hard_pictures, no_digits
from stages.command import StageError, run
from stages.dataset import LabelledImages, load

LARGE = "4000 px"  # takes a tenth of the pictures: each takes half a second to make
THRESHOLDS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def share_right(reader: Reader, contents: Iterable[bytes], labels: Iterable[int]) -> float:
    """Return the share of pictures that are read as just their digit."""
    readings = map(reader.read, contents)
    right = [
        not reading.fault and [answer.digit for answer in reading.answers] == [label]
        for reading, label in zip(readings, labels, strict=True)
    ]
    return float(np.mean(right))


def as_png(image: hard_pictures.Bytes) -> bytes:
    """Encode (28, 28) uint8 as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def straight(classify: Classifier, data: LabelledImages) -> float:
    """Return the accuracy on images that go to the model as they are."""
    images = data.images[..., 0]
    blocks = [classify(images[start : start + 500]) for start in range(0, len(images), 500)]
    return float((np.concatenate(blocks).argmax(axis=1) == data.labels).mean())


def labelled_folder(folder: Path) -> LabelledImages:
    """Read pictures, and bring each to 28x28 as the model would see it.

    Raises `StageError` for a folder without pictures, a picture without a digit, and a name that
    does not begin with one.
    """
    paths = pictures_in(folder)
    images = []
    for path in paths:
        try:
            found = find_digits(read_picture(read_file(path)).grey)
        except PictureError as error:
            raise StageError(f"{path}: {error}") from error
        if found.fault or path.name[0] not in "0123456789":
            fault = f"no digit, {found.fault}" if found.fault else "no label"
            raise StageError(
                f"{path}: found {fault}; expected a digit that the name begins with; "
                "rename the file or take it out of the folder"
            )
        images.append(found.digits[0].image)
    labels = np.array([int(path.name[0]) for path in paths], np.uint8)
    return LabelledImages(np.stack(images)[..., np.newaxis], labels)


def pictures_in(folder: Path) -> list[Path]:
    """Return the folder's pictures, sorted; raises `StageError` if there are none."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise StageError(f"{folder}: found no picture, expected some, the label first in each name")
    return paths


def hard_score(
    reader: Reader, make: Callable[..., bytes], data: LabelledImages, number: int
) -> float:
    """Return the share of right answers on pictures made from the first `number` images."""
    random = np.random.default_rng(0)
    contents = (make(image, random) for image in data.images[:number, ..., 0])
    return share_right(reader, contents, data.labels[:number].tolist())


def confidences(reader: Reader, contents: Iterable[bytes]) -> np.ndarray:
    """Return the least confidence of each picture's digits, 0 where the ink said that is none."""
    return np.array(
        [
            min((answer.confidence for answer in reader.read(content).answers), default=0.0)
            for content in contents
        ]
    )


def print_row(*cells: object) -> None:
    print("|", " | ".join(f"{c:.2%}" if isinstance(c, float) else str(c) for c in cells), "|")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="pictures, the label first in each name")
    parser.add_argument("--number", type=int, default=500, help="test images for each kind")
    parser.add_argument("--processed", type=Path, default=Path("data/processed"))
    parser.add_argument("--model", type=Path, default=MODEL)
    options = parser.parse_args()
    reader, test = load_reader(options.model), load(options.processed, "test")

    pngs = (as_png(image) for image in test.images[..., 0])
    print_row("MNIST's test images", "right")
    print_row("---", "---")
    print_row("straight to the model", straight(Classifier(options.model), test))
    print_row("as PNG files", share_right(reader, pngs, test.labels.tolist()))
    sets = {"test images": test}
    if options.folder:
        sets["folder"] = labelled_folder(options.folder)
        pictures = (path.read_bytes() for path in pictures_in(options.folder))
        labels = sets["folder"].labels.tolist()
        print_row("the folder's pictures", share_right(reader, pictures, labels))

    print()
    print_row("picture", *sets)
    print_row("---", *("---" for _ in sets))
    for name, make in hard_pictures.KINDS.items():
        number = options.number // 10 if name == LARGE else options.number
        print_row(name, *(hard_score(reader, make, data, number) for data in sets.values()))

    print()
    print_row("refused at a confidence below", *(f"{value:.0%}" for value in THRESHOLDS))
    print_row("---", *("---" for _ in THRESHOLDS))
    random = np.random.default_rng(0)
    validation = load(options.processed, "validation").images[: 4 * options.number, ..., 0]
    kinds = {
        "validation digits": [as_png(image) for image in validation],
        "validation digits, uneven photos": [
            hard_pictures.uneven_photo(image, random) for image in validation[: options.number]
        ],
    } | {
        name: [make(random) for _ in range(options.number // 2)]
        for name, make in no_digits.KINDS.items()
    }
    for name, contents in kinds.items():
        found = confidences(reader, contents)
        print_row(name, *(float((found <= value).mean()) for value in THRESHOLDS))


if __name__ == "__main__":
    run(main)
