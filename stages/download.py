"""Fetch the data set that `download.dataset` names and write its four IDX files.

Reads: a mirror of MNIST, or the digits that come with scikit-learn.
Writes: {train,t10k}-{images-idx3,labels-idx1}-ubyte, decompressed, in the folder `--raw`.
Parameters: download. Environment: MNIST_MIRROR, a folder or a URL that is tried first.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from stages.idx import IDX_FILES, write_idx
from stages.mirrors import PublishedFile, fetch_all
from stages.shared.arrays import UInt8Array
from stages.shared.cli import parse_paths
from stages.shared.dataset import Download
from stages.shared.params import load_section

# The decompressed content of the published files: a mirror may compress them as it likes.
MNIST = {
    "train-images-idx3-ubyte": PublishedFile(
        47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": PublishedFile(
        60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": PublishedFile(
        7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": PublishedFile(
        10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}

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


def main() -> None:
    paths = parse_paths(__doc__, raw="folder for the IDX files", params="parameter file")
    if load_section(Download, paths.params).dataset == "mnist":
        fetch_all(MNIST, paths.raw)
        return
    for split, data in split_digits().items():
        for name, array in zip(IDX_FILES[split], data, strict=True):
            write_idx(paths.raw / name, array)
            print(f"{paths.raw / name}: {array.shape}")
