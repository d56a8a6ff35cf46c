"""Batches of images and labels as TensorFlow data sets.

The order and the distortions of an epoch are functions of (seed, epoch) alone, so that a resumed
run gets the same batches.
"""

import math
from collections.abc import Callable, Iterator
from mmap import mmap
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from stages.shared.arrays import IMAGE_SHAPE, LabelledImages, UInt8Array
from stages.training.augmentation import augment
from stages.training.settings import Augmentation

AUGMENTED_AT_ONCE = 8192  # images: one operation distorts 60,000 images in about a second
PREFETCHED = 8  # batches that are ready before they are needed


def training_batches(
    data: LabelledImages, batch_size: int, augmentation: Augmentation, seed: int, epochs: range
) -> tf.data.Dataset:
    """Yield the shuffled, augmented batches of one epoch, each (B, 28, 28, 1) and (B,) uint8.

    Each iteration over the data set gives the next epoch, beginning with `epochs.start`. An epoch
    has every image once; its last batch may be smaller.
    """
    # An iteration must end with its epoch: with `steps_per_execution` above 1, Keras runs past
    # `steps_per_epoch`.
    remaining_epochs = iter(epochs)

    def generate() -> Iterator[tuple[UInt8Array, UInt8Array]]:
        random = np.random.default_rng([seed, next(remaining_epochs)])
        at_once = max(1, AUGMENTED_AT_ONCE // batch_size) * batch_size
        order = random.permutation(len(data.labels))
        for start in range(0, len(order), at_once):
            indices = order[start : start + at_once]
            images = augment(take(data.images, indices), augmentation, random)
            labels = data.labels[indices]
            for first in range(0, len(indices), batch_size):
                yield images[first : first + batch_size], labels[first : first + batch_size]

    return _dataset(generate, math.ceil(len(data.labels) / batch_size))


def evaluation_batches(data: LabelledImages, batch_size: int) -> tf.data.Dataset:
    """Yield `data` unchanged and in its order, each batch (B, 28, 28, 1) and (B,) uint8."""

    def generate() -> Iterator[tuple[UInt8Array, UInt8Array]]:
        for start in range(0, len(data.labels), batch_size):
            indices = np.arange(start, min(start + batch_size, len(data.labels)))
            yield take(data.images, indices), data.labels[indices]

    return _dataset(generate, math.ceil(len(data.labels) / batch_size))


def take(images: UInt8Array, indices: NDArray[np.int64]) -> UInt8Array:
    """Copy the images at `indices` (M,) into an array (M, 28, 28, 1).

    Images of a memory-mapped file are read one by one from the file. Pages that are read through
    the map, in some file systems megabytes around each image, would count as this process's memory.
    """
    # A slice of a map has the offset of the whole file, so only the whole map is read this way.
    if not (isinstance(images, np.memmap) and isinstance(images.base, mmap) and images.filename):
        return images[indices]
    taken = np.empty((len(indices), *images.shape[1:]), np.uint8)
    with Path(images.filename).open("rb", buffering=0) as file:
        for image, index in zip(taken, indices.tolist(), strict=True):
            file.seek(images.offset + index * image.nbytes)
            file.readinto(image)
    return taken


def _dataset(
    generate: Callable[[], Iterator[tuple[UInt8Array, UInt8Array]]], count: int
) -> tf.data.Dataset:
    signature = (tf.TensorSpec((None, *IMAGE_SHAPE), tf.uint8), tf.TensorSpec((None,), tf.uint8))
    batches = tf.data.Dataset.from_generator(generate, output_signature=signature)
    # The pipeline has nothing to tune, and stopping the tuner's thread can take up to a minute.
    options = tf.data.Options()
    options.autotune.enabled = False
    batches = batches.apply(tf.data.experimental.assert_cardinality(count)).prefetch(PREFETCHED)
    return batches.with_options(options)
