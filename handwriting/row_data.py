"""Rows as the network is trained on them: made, read through the app's own steps, and batched."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from app.ctc import BLANK
from app.row_image import HEIGHT, STRIDE, row_image
from handwriting.row_digits import ByteArray, FloatArray
from handwriting.row_pictures import make_row
from pictures.grey import enlarged, enlargement
from pictures.ink import ink_and_mask

CHUNK = 500  # rows that a process makes at a time


class Row(NamedTuple):
    """One made row as the network reads it."""

    levels: ByteArray  # (32, W), 255 is strong ink
    digits: str
    middles: FloatArray  # (N,), columns of `levels`


class Batch(NamedTuple):
    """Rows of about the same width, padded with paper at the right."""

    levels: FloatArray  # (N, 32, W, 1), 0 to 1
    columns: NDArray[np.int32]  # (N, W / 2), a digit at its middle, elsewhere BLANK
    digits: NDArray[np.int32]  # (N, longest), padded with -1


def make_rows(
    images: ByteArray, labels: ByteArray, seed: int, count: int, processes: int
) -> list[Row]:
    """Make rows from images (N, 28, 28) of single digits; row i depends on (seed, i) alone.

    The few rows that cannot be read are left out.
    """
    make = partial(_make_chunk, images, labels, seed)
    starts = range(0, count, CHUNK)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        chunks = pool.map(make, starts, [min(start + CHUNK, count) for start in starts])
        return [row for chunk in chunks for row in chunk if is_readable(row)]


def is_readable(row: Row) -> bool:
    """Return whether all digits lie in the row's image, and there are columns for all of them."""
    width = row.levels.shape[1]
    repeated = sum(one == other for one, other in pairwise(row.digits))
    inside = bool(((row.middles > 0) & (row.middles < width)).all())
    return inside and width // STRIDE >= len(row.digits) + repeated


def _make_chunk(
    images: ByteArray, labels: ByteArray, seed: int, start: int, stop: int
) -> list[Row]:
    """Make the rows `start` to `stop`."""
    cv2.setNumThreads(1)
    by_label = [np.nonzero(labels == digit)[0] for digit in range(10)]
    return [_row(np.random.default_rng([seed, i]), images, by_label) for i in range(start, stop)]


def _row(rng: np.random.Generator, images: ByteArray, by_label: list[NDArray[np.intp]]) -> Row:
    """Make one row and bring it to the network's form."""
    picture = make_row(rng, images, by_label)
    factor = enlargement(picture.grey.shape)
    image = row_image(*ink_and_mask(enlarged(picture.grey, factor), dark_on_light=True))
    middles = (picture.middles * factor - image.left) / image.scale
    levels = np.rint(image.levels * 255).astype(np.uint8)
    return Row(levels, picture.digits, middles.astype(np.float32))


def batch_indices(rows: list[Row], size: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Return the rows of each batch of an epoch, in random order.

    The rows of a batch are about equally wide. There are more of them the narrower they are: `size`
    is for a width of 128 columns.
    """
    widths = np.array([row.levels.shape[1] for row in rows])
    order = np.argsort(widths * rng.uniform(0.9, 1.1, len(rows)), kind="stable")
    groups, start = [], 0
    while start < len(order):
        stop = start + max(8, round(size * 128 / widths[order[start]]))
        groups.append(order[start:stop])
        start = stop
    return [groups[index] for index in rng.permutation(len(groups))]


def batches(rows: list[Row], size: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Yield the batches of an epoch."""
    for indices in batch_indices(rows, size, rng):
        yield padded([rows[i] for i in indices], rng)


def padded(rows: list[Row], rng: np.random.Generator | None = None) -> Batch:
    """Pad rows to a width that is a multiple of 16; `rng` distorts them a little before."""
    if rng:
        rows = [_distorted(row, rng) for row in rows]
    width = -(-max(row.levels.shape[1] for row in rows) // 16) * 16
    levels = np.zeros((len(rows), HEIGHT, width, 1), np.float32)
    columns = np.full((len(rows), width // STRIDE), BLANK, np.int32)
    digits = np.full((len(rows), max(len(row.digits) for row in rows)), -1, np.int32)
    for i, row in enumerate(rows):
        levels[i, :, : row.levels.shape[1], 0] = row.levels / np.float32(255)
        labels = [int(digit) for digit in row.digits]
        digits[i, : len(labels)] = labels
        places = np.clip(row.middles // STRIDE, 0, width // STRIDE - 1).astype(np.intp)
        columns[i, places] = labels
    return Batch(levels, columns, digits)


def _distorted(row: Row, rng: np.random.Generator) -> Row:
    """Make a row a little wider or narrower, lighter or darker, and move it up to two columns."""
    shift, old = int(rng.integers(0, 3)), row.levels.shape[1]
    width = max(round(old * rng.uniform(0.92, 1.1)), STRIDE * (2 * len(row.digits)))
    levels = cv2.resize(row.levels, (width, HEIGHT), interpolation=cv2.INTER_LINEAR)
    levels = cv2.LUT(levels, _curve(rng.uniform(0.7, 1.4)))
    moved = cv2.copyMakeBorder(levels, 0, 0, shift, 0, cv2.BORDER_CONSTANT, value=0)
    return Row(np.asarray(moved, np.uint8), row.digits, row.middles * (width / old) + shift)


def _curve(power: float) -> ByteArray:
    """Return a table (256,) that makes half-dark levels lighter or darker."""
    return np.asarray(np.rint(255 * (np.arange(256) / 255) ** power), np.uint8)
