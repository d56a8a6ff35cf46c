"""Labelled images and their two file formats: IDX, as published, and .npy."""

import math
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.shared.cli import one_line
from stages.shared.files import damaged, replacing
from stages.shared.params import Section

IMAGE_SHAPE = (28, 28, 1)
NUM_CLASSES = 10
SPLITS = ("train", "validation", "test")

# IDX, the format of http://yann.lecun.com/exdb/mnist/: two zero bytes, the element type (8 is an
# unsigned byte), the number of dimensions, each dimension as a big-endian 32-bit integer, the data.
IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_UNSIGNED_BYTE = 8

UInt8Array = NDArray[np.uint8]


class Download(Section):
    """The section `download` of params.yaml, for all stages that name the data set."""

    dataset: Literal["mnist", "digits"]


class LabelledImages(NamedTuple):
    """Images and the digit that each one shows."""

    images: UInt8Array  # (N, 28, 28, 1), 0 is background and 255 full ink
    labels: UInt8Array  # (N,), 0 to 9


def write_idx(path: Path, array: UInt8Array) -> None:
    """Write `array` (uint8, any shape) as an IDX file."""
    header = bytes([0, 0, _UNSIGNED_BYTE, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    with replacing(path) as file:
        file.write(header + array.tobytes())


def read_idx(path: Path, dimensions: int) -> UInt8Array:
    """Read an IDX file of unsigned bytes that must have `dimensions` dimensions.

    Raises `StageError` if the magic number is wrong, or the length does not fit the header.
    """
    content = path.read_bytes()
    magic = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
    if content[:4] != magic:
        raise damaged(path, f"the magic number {content[:4].hex()}", magic.hex())
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise damaged(path, f"{len(content):,} bytes", f"a header of {header}")
    shape = np.frombuffer(content, ">u4", dimensions, offset=4).tolist()
    expected = header + math.prod(shape)
    if len(content) != expected:
        raise damaged(path, f"{len(content):,} bytes", f"{expected:,} for the shape {tuple(shape)}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def read_idx_split(folder: Path, split: str) -> LabelledImages:
    """Read the published images and labels of "train" or "test".

    Raises `StageError` if a file is damaged, or if images and labels do not belong together.
    """
    images_path, labels_path = (folder / name for name in IDX_FILES[split])
    images = read_idx(images_path, dimensions=3)
    labels = read_idx(labels_path, dimensions=1)
    if images.shape[1:] != IMAGE_SHAPE[:2]:
        raise damaged(images_path, f"images of {images.shape[1:]} pixels", f"{IMAGE_SHAPE[:2]}")
    if len(images) != len(labels):
        raise damaged(labels_path, f"{len(labels):,} labels", f"{len(images):,}, one per image")
    if len(labels) == 0:
        raise damaged(labels_path, "no labels", "at least one")
    if labels.max() >= NUM_CLASSES:
        raise damaged(labels_path, f"the label {labels.max()}", f"0 to {NUM_CLASSES - 1}")
    return LabelledImages(images[..., np.newaxis], labels)


def save_split(folder: Path, split: str, data: LabelledImages) -> None:
    """Write {split}_images.npy and {split}_labels.npy."""
    for name, array in data._asdict().items():
        with replacing(folder / f"{split}_{name}.npy") as file:
            np.save(file, array)


def load_split(folder: Path, split: str) -> LabelledImages:
    """Read the files of `save_split` as memory-mapped arrays, (N, 28, 28, 1) and (N,) uint8.

    Raises `StageError` if a file does not hold such an array.
    """
    images = load_array(folder / f"{split}_images.npy")
    labels = load_array(folder / f"{split}_labels.npy")
    if labels.ndim != 1:
        raise damaged(
            folder / f"{split}_labels.npy", f"the shape {labels.shape}", "one label per image"
        )
    if images.shape != (len(labels), *IMAGE_SHAPE):
        raise damaged(
            folder / f"{split}_images.npy",
            f"the shape {images.shape}",
            f"{(len(labels), *IMAGE_SHAPE)}, one image per label",
        )
    return LabelledImages(images, labels)


def load_array(path: Path) -> UInt8Array:
    """Read a .npy file of uint8 in C order as a memory-mapped array.

    Raises `StageError` if it holds anything else.
    """
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise damaged(path, one_line(error), "a .npy file") from error
    if array.dtype != np.uint8:
        raise damaged(path, f"elements of {array.dtype}", "uint8")
    if not array.flags.c_contiguous:
        raise damaged(path, "an array in Fortran order", "C order, image after image")
    return array
