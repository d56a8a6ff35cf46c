"""Labelled images and the .npy arrays that hold them."""

from pathlib import Path
from tokenize import TokenError
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.shared.cli import one_line
from stages.shared.files import damaged, replacing

IMAGE_SHAPE = (28, 28, 1)
SPLITS = ("train", "validation", "test")

UInt8Array = NDArray[np.uint8]


class LabelledImages(NamedTuple):
    """Images and the class that each one shows."""

    images: UInt8Array  # (N, 28, 28, 1), 0 is background and 255 full ink
    labels: UInt8Array  # (N,), the numbers of the classes, from 0


def save_split(folder: Path, split: str, data: LabelledImages) -> None:
    """Write {split}_images.npy and {split}_labels.npy."""
    for name, array in data._asdict().items():
        save_array(folder / f"{split}_{name}.npy", array)


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write a .npy file.

    NumPy is given no file but a function that writes: into a file it writes by itself, and does not
    notice if the disk is full at the last bytes.
    """
    with replacing(path) as file:
        np.save(SimpleNamespace(write=file.write), array)


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
        array: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    # What NumPy raises depends on where its parser of the header, a Python dictionary, ends.
    except (ValueError, EOFError, SyntaxError, TokenError, TypeError) as error:
        raise damaged(path, one_line(error), "a .npy file") from error
    if array.dtype != np.uint8:
        raise damaged(path, f"elements of {array.dtype}", "uint8")
    if not array.flags.c_contiguous:
        raise damaged(path, "an array in Fortran order", "C order, image after image")
    return array
