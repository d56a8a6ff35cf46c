"""Measure how well pictures are recognised: python -m benchmarks.own_digits [--folder FOLDER].

The output is tables in Markdown. The first compares MNIST's test images as PNG files with the same
images given directly to the model. Then one table for each group of pictures has the share that is
read right of each kind, made from test images and from a folder of labelled pictures, whose names
begin with the label. The last has the share of validation digits and of pictures without digits
that is refused, and that has a probability of "no digit" above several thresholds; and the AUROC of
that probability between them and the validation digits.
"""

import argparse
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from app.classifier import Classifier
from app.models import default_model
from app.reader import Reader
from benchmarks.failures import save_failures
from benchmarks.kinds import KINDS, NO_DIGIT, Sample, samples
from benchmarks.labelled_folder import labelled_folder, pictures_in
from benchmarks.readings import CONFIDENT, Result, auroc, calibration, read_all, share_right
from pictures.arrays import UInt8Array
from stages.shared.arrays import LabelledImages, load_split
from stages.shared.cli import run

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
REFUSED = ("pictures", "refused", "AUROC", *(f"above {100 * value:.0f} %" for value in THRESHOLDS))


def as_png(image: UInt8Array) -> bytes:
    """Encode an image (28, 28) as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def plain_samples(data: LabelledImages) -> Iterable[Sample]:
    """Encode images as PNG files, unchanged."""
    for image, label in zip(data.images[..., 0], data.labels.tolist(), strict=True):
        yield Sample(as_png(image), [label])


def direct_accuracy(classify: Classifier, data: LabelledImages) -> float:
    """Return the accuracy on images that are given directly to the model."""
    images = data.images[..., 0]
    blocks = [classify(images[start : start + 500]) for start in range(0, len(images), 500)]
    return float((np.concatenate(blocks).argmax(axis=1) == data.labels).mean())


def print_row(*cells: object) -> None:
    """Print a row of a Markdown table; a float is a share, printed as a percentage."""
    texts = (f"{100 * cell:.2f} %" if isinstance(cell, float) else str(cell) for cell in cells)
    print("|", " | ".join(texts), "|", flush=True)


def print_accuracy(
    reader: Reader, model: Path, split: str, data: LabelledImages, folder: Path | None
) -> None:
    """Print the accuracy on a split, directly and as PNG files, and on a folder's pictures."""
    print_row("pictures", "right")
    print_row("---", "---")
    direct = direct_accuracy(Classifier(model), data)
    print_row(f"MNIST's {split} images, given directly to the model", direct)
    plain = share_right(read_all(reader, plain_samples(data)))
    print_row(f"MNIST's {split} images, as PNG files", plain)
    if folder:
        pictures = (Sample(path.read_bytes(), [int(path.name[0])]) for path in pictures_in(folder))
        print_row("the folder's pictures", share_right(read_all(reader, pictures)))


def print_group(
    reader: Reader,
    group: str,
    sets: dict[str, LabelledImages],
    count: int,
    failures: Path | None,
) -> None:
    """Print the share that is right of each kind in a group, then how sure readings are right."""
    print_row(group, *sets)
    print_row("---", *("---" for _ in sets))
    everything: list[list[Result]] = [[] for _ in sets]
    for name in KINDS[group]:
        shares = []
        for (title, data), so_far in zip(sets.items(), everything, strict=True):
            results = read_all(reader, samples(group, name, data, count))
            shares.append(share_right(results))
            so_far += results
            if failures:
                save_failures(results, failures, f"{group}, {name}, {title}")
        print_row(name, *shares)
    print_row("all of these", *map(share_right, everything))
    sure = [calibration(results) for results in everything]
    print_row(
        f"readings with a confidence of at least {100 * CONFIDENT:.0f} %: number, and share right",
        *(f"{number}, {100 * share:.2f} %" for number, share in sure),
    )


def print_refused(
    reader: Reader, validation: LabelledImages, count: int, failures: Path | None
) -> None:
    """Print the share of digits and of other pictures that is refused, or would be."""
    print_row(*REFUSED)
    print_row(*("---" for _ in REFUSED))
    first = LabelledImages(validation.images[: 4 * count], validation.labels[: 4 * count])
    kinds = {
        "validation digits": plain_samples(first),
        "validation digits, uneven photos": samples(
            "hard pictures", "light uneven photo", validation, count
        ),
    } | {name: samples(NO_DIGIT, name, validation, count // 2) for name in KINDS[NO_DIGIT]}
    digits: list[Result] = []
    for name, pictures in kinds.items():
        results = read_all(reader, pictures)
        digits = digits or results
        none = np.array([result.none for result in results])
        refused = float(np.mean([not result.digits for result in results]))
        score = f"{auroc(digits, results):.4f}"
        print_row(name, refused, score, *(float((none > value).mean()) for value in THRESHOLDS))
        if failures:
            save_failures(results, failures, name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="pictures with the label first in each name")
    parser.add_argument("--count", type=int, default=500, help="pictures of each kind")
    parser.add_argument("--groups", nargs="+", choices=KINDS, help="leave out all other tables")
    parser.add_argument("--split", choices=("test", "validation"), default="test")
    parser.add_argument("--failures", type=Path, help="a folder for pictures of what was misread")
    parser.add_argument("--processed", type=Path, default=Path("data/processed"))
    parser.add_argument("--model", type=Path, default=default_model())
    options = parser.parse_args()
    reader, data = Reader(options.model), load_split(options.processed, options.split)
    sets = {f"{options.split} images": data}
    if options.folder:
        sets["folder"] = labelled_folder(options.folder)

    if not options.groups:
        print_accuracy(reader, options.model, options.split, data, options.folder)
    for group in options.groups or KINDS:
        print()
        if group == NO_DIGIT:
            validation = load_split(options.processed, "validation")
            print_refused(reader, validation, options.count, options.failures)
        else:
            print_group(reader, group, sets, options.count, options.failures)


if __name__ == "__main__":
    run(main)
