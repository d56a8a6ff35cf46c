"""Fetch the data set that `download.dataset` names and write its four IDX files.

Reads: a mirror, the digits that come with scikit-learn, or a folder of the user's own.
Writes: {train,t10k}-{images-idx3,labels-idx1}-ubyte, decompressed, and dataset.json with the names
of the data set and its classes, in the folder `--raw`.
Parameters: download. Environment: MNIST_MIRROR, FASHION_MNIST_MIRROR, KMNIST_MIRROR and
EMNIST_LETTERS_MIRROR, each a folder or a URL that is tried first.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from stages.folder import read_folder
from stages.idx import RAW_NAMES, from_idx, to_idx
from stages.mirrors import fetch_all
from stages.published import PUBLISHED
from stages.shared.arrays import UInt8Array
from stages.shared.cli import parse_paths
from stages.shared.dataset import DATASET_FILE, DataSet, Download, write_dataset
from stages.shared.files import replacing
from stages.shared.params import load_section

DIGITS_TEST_IMAGES = 360  # a fifth of the 1,797
BOX = 20  # pixels: the side of the box that MNIST's digits were fitted into
MARGIN = 4  # pixels around the box


def to_mnist_form(images: NDArray[np.float64]) -> UInt8Array:
    """Convert (N, 8, 8) grey levels 0 to 16 to MNIST's (N, 28, 28) uint8: 20x20 in a margin."""
    full_scale = np.round(images * (255 / 16)).astype(np.uint8)
    boxes = [
        np.asarray(Image.fromarray(image).resize((BOX, BOX), Image.Resampling.BICUBIC))
        for image in full_scale
    ]
    return np.pad(np.stack(boxes), ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))


def split_digits() -> dict[str, tuple[UInt8Array, UInt8Array]]:
    """Return scikit-learn's digits in MNIST's form: for each split (N, 28, 28) and (N,) uint8.

    They are the test set of https://archive.ics.uci.edu/dataset/80. The split is always the same,
    stratified by class.
    """
    bunch = load_digits()
    train_images, test_images, train_labels, test_labels = train_test_split(
        to_mnist_form(bunch.images),
        bunch.target.astype(np.uint8),
        test_size=DIGITS_TEST_IMAGES,
        stratify=bunch.target,
        random_state=0,
    )
    return {
        "train": (train_images, train_labels),
        "test": (test_images, test_labels),
    }


def upright_letters(contents: list[bytes]) -> list[bytes]:
    """Bring EMNIST's files into MNIST's form: its images are transposed, its labels begin at 1."""
    converted = []
    for name, content in zip(RAW_NAMES, contents, strict=True):
        array = from_idx(content, Path(name), 3 if "images" in name else 1)
        converted.append(to_idx(array.swapaxes(1, 2) if array.ndim == 3 else array - 1))
    return converted


def obtain(dataset: str) -> tuple[DataSet, list[bytes]]:
    """Return the names of a data set and the content of its four IDX files.

    Raises `StageError` if it cannot be had as it should be.
    """
    if dataset == "digits":
        arrays = [array for data in split_digits().values() for array in data]
        return DataSet(dataset, PUBLISHED[dataset].classes), [to_idx(array) for array in arrays]
    if dataset in PUBLISHED:
        contents = fetch_all(dataset, PUBLISHED[dataset])
        if dataset == "emnist-letters":
            contents = upright_letters(contents)
        return DataSet(dataset, PUBLISHED[dataset].classes), contents
    names, splits = read_folder(Path(dataset))
    data = [array for split in splits.values() for array in (split.images[..., 0], split.labels)]
    return names, [to_idx(array) for array in data]


def main() -> None:
    paths = parse_paths(__doc__, raw="folder for the IDX files", params="parameter file")
    dataset, contents = obtain(load_section(Download, paths.params).dataset)
    for name, content in zip(RAW_NAMES, contents, strict=True):
        with replacing(paths.raw / name) as file:
            file.write(content)
    write_dataset(paths.raw / DATASET_FILE, dataset)
    print(f"{dataset.name}: {len(dataset.classes)} classes, {', '.join(dataset.classes)}")
