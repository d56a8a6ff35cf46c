"""IDX, the file format in which MNIST and its kin are published."""

import math
from pathlib import Path

import numpy as np

from stages.shared.arrays import IMAGE_SHAPE, LabelledImages, UInt8Array
from stages.shared.dataset import NUM_CLASSES
from stages.shared.files import damaged, replacing

# IDX, the format of http://yann.lecun.com/exdb/mnist/: two zero bytes, the element type (8 is an
# unsigned byte), the number of dimensions, each dimension as a big-endian 32-bit integer, the data.
IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_UNSIGNED_BYTE = 8


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
