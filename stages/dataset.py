"""What a set of labelled images is, and its two forms on disk: IDX, as published, and .npy.

A set has `images`: (N, 28, 28, 1) uint8, 0 is background and 255 full ink, and `labels`: (N,)
uint8, 0 to 9.
"""

import math
from mmap import mmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.command import StageError
from stages.files import replacing

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

Bytes = NDArray[np.uint8]


class LabelledImages(NamedTuple):
    """Images and the digit that each one shows."""

    images: Bytes  # (N, 28, 28, 1)
    labels: Bytes  # (N,)


def write_idx(path: Path, array: Bytes) -> None:
    """Write `array` (uint8, any shape) as an IDX file."""
    header = bytes([0, 0, _UNSIGNED_BYTE, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    with replacing(path) as file:
        file.write(header + array.tobytes())


def read_idx(path: Path, dimensions: int) -> Bytes:
    """Read an IDX file of unsigned bytes that must have `dimensions` dimensions.

    Raises `StageError` if the magic number or the length is not what IDX promises.
    """
    content = path.read_bytes()
    magic = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
    if content[:4] != magic:
        raise _damaged(path, f"the magic number {content[:4].hex()}", magic.hex())
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise _damaged(path, f"{len(content):,} bytes", f"a header of {header}")
    shape = np.frombuffer(content, ">u4", dimensions, offset=4).tolist()
    expected = header + math.prod(shape)
    if len(content) != expected:
        raise _damaged(
            path, f"{len(content):,} bytes", f"{expected:,} for the shape {tuple(shape)}"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def read_idx_pair(folder: Path, split: str) -> LabelledImages:
    """Read the published "train" or "test" files and check that they belong together."""
    images_path, labels_path = (folder / name for name in IDX_FILES[split])
    images = read_idx(images_path, dimensions=3)
    labels = read_idx(labels_path, dimensions=1)
    if images.shape[1:] != IMAGE_SHAPE[:2]:
        raise _damaged(images_path, f"images of {images.shape[1:]} pixels", f"{IMAGE_SHAPE[:2]}")
    if len(images) != len(labels):
        raise _damaged(labels_path, f"{len(labels):,} labels", f"{len(images):,}, one per image")
    if len(labels) == 0:
        raise _damaged(labels_path, "no labels", "at least one")
    if labels.max() >= NUM_CLASSES:
        raise _damaged(labels_path, f"the label {labels.max()}", f"0 to {NUM_CLASSES - 1}")
    return LabelledImages(images[..., np.newaxis], labels)


def save(folder: Path, split: str, data: LabelledImages) -> None:
    """Write {split}_images.npy and {split}_labels.npy."""
    for name, array in data._asdict().items():
        with replacing(folder / f"{split}_{name}.npy") as file:
            np.save(file, array)


def load(folder: Path, split: str) -> LabelledImages:
    """Read what `save` wrote.

    Raises `StageError` if a file is no such array.
    """
    images = _load_array(folder / f"{split}_images.npy")
    labels = _load_array(folder / f"{split}_labels.npy")
    if images.shape != (len(labels), *IMAGE_SHAPE):
        raise _damaged(
            folder / f"{split}_images.npy",
            f"the shape {images.shape}",
            f"{(len(labels), *IMAGE_SHAPE)}, one image per label",
        )
    return LabelledImages(images, labels)


def take(images: Bytes, indices: NDArray[np.int64]) -> Bytes:
    """Copy the images at `indices` (M,): (M, 28, 28, 1).

    Of a memory-mapped file they are read one by one: what is touched through the map, and in some
    file systems megabytes around it, would stay counted as this process's memory.
    """
    # A part of a map still names the whole file's offset.
    if not (isinstance(images, np.memmap) and isinstance(images.base, mmap) and images.filename):
        return images[indices]
    taken = np.empty((len(indices), *images.shape[1:]), np.uint8)
    with Path(images.filename).open("rb", buffering=0) as file:
        for image, index in zip(taken, indices.tolist(), strict=True):
            file.seek(images.offset + index * image.nbytes)
            file.readinto(image)
    return taken


def _load_array(path: Path) -> Bytes:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _damaged(path, str(error), "a .npy file") from error
    if array.dtype != np.uint8:
        raise _damaged(path, f"elements of {array.dtype}", "uint8")
    if not array.flags.c_contiguous:
        raise _damaged(path, "an array in Fortran order", "C order, image after image")
    return array


def _damaged(path: Path, found: str, expected: str) -> StageError:
    return StageError(
        f"{path}: found {found}, expected {expected}; delete the file and type `dvc repro`"
    )
