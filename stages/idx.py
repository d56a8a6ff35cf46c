"""IDX, the file format in which MNIST and its kin are published."""

import gzip
import math
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.shared.arrays import IMAGE_SHAPE, LabelledImages, UInt8Array
from stages.shared.cli import StageError, one_line
from stages.shared.files import damaged, replacing

# IDX, the format of http://yann.lecun.com/exdb/mnist/: two zero bytes, the element type (8 is an
# unsigned byte), the number of dimensions, each dimension as a big-endian 32-bit integer, the data.
IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
RAW_NAMES = tuple(name for names in IDX_FILES.values() for name in names)
_UNSIGNED_BYTE = 8

Refusal = Callable[[Path, str, str], StageError]  # of a path, what was found, what was expected


def write_idx(path: Path, array: UInt8Array) -> None:
    """Write `array` (uint8, any shape) as an IDX file."""
    with replacing(path) as file:
        file.write(to_idx(array))


def to_idx(array: UInt8Array) -> bytes:
    """Return the content of an IDX file with `array` (uint8, any shape)."""
    header = bytes([0, 0, _UNSIGNED_BYTE, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


def read_idx(path: Path, dimensions: int, refusal: Refusal = damaged) -> UInt8Array:
    """Read an IDX file of unsigned bytes, plain or as .gz, with so many dimensions.

    Raises the error that `refusal` makes if the magic number is wrong, or the length does not fit
    the header.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise refusal(path, one_line(error), "a gzip file") from error
    return from_idx(content, path, dimensions, refusal)


def from_idx(content: bytes, path: Path, dimensions: int, refusal: Refusal = damaged) -> UInt8Array:
    """Return the array in the content of an IDX file; `path` is named in errors."""
    magic = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
    if not content:
        raise refusal(path, "an empty file", "an IDX file")
    if content[:4] != magic:
        raise refusal(path, f"the magic number {content[:4].hex()}", magic.hex())
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise refusal(path, f"{len(content):,} bytes", f"a header of {header}")
    shape = np.frombuffer(content, ">u4", dimensions, offset=4).tolist()
    expected = header + math.prod(shape)
    if len(content) != expected:
        raise refusal(path, f"{len(content):,} bytes", f"{expected:,} for the shape {tuple(shape)}")
    try:
        return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
    except ValueError as error:  # no images, but of a size that no array can have
        raise refusal(path, f"the shape {tuple(shape)}", "one that an array can have") from error


def read_idx_split(folder: Path, split: str, num_classes: int) -> LabelledImages:
    """Read the images and labels of "train" or "test" that download has written.

    Raises `StageError` if a file is damaged, or if images and labels do not belong together.
    """
    images, labels = (folder / name for name in IDX_FILES[split])
    data = read_idx_pair(images, labels)
    if data.labels.max() >= num_classes:
        raise damaged(labels, f"the label {data.labels.max()}", f"0 to {num_classes - 1}")
    return data


def read_idx_pair(
    images_path: Path, labels_path: Path, refusal: Refusal = damaged
) -> LabelledImages:
    """Read images and their labels.

    Raises the error that `refusal` makes if a file is damaged, if the images are of another size,
    and if their numbers differ.
    """
    images = read_idx(images_path, 3, refusal)
    labels = read_idx(labels_path, 1, refusal)
    if images.shape[1:] != IMAGE_SHAPE[:2]:
        raise refusal(images_path, f"images of {images.shape[1:]} pixels", f"{IMAGE_SHAPE[:2]}")
    if len(images) != len(labels):
        raise refusal(labels_path, f"{len(labels):,} labels", f"{len(images):,}, one per image")
    if len(labels) == 0:
        raise refusal(labels_path, "no labels", "at least one")
    return LabelledImages(images[..., np.newaxis], labels)
