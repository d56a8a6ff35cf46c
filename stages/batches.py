"""The training images in the order, and with the distortions, of each epoch.

Both are functions of (seed, epoch) and nothing else, so that a run that stops after any epoch can
go on as if it had not.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from stages.dataset import IMAGE_SHAPE, Bytes, LabelledImages, take
from stages.params import Augmentation

CENTRE = (IMAGE_SHAPE[0] - 1) / 2  # pixels
IMAGES_AT_ONCE = 8192  # distorted in one operation: for 60,000 images that takes about a second


def batches_of_epochs(
    data: LabelledImages, batch_size: int, augmentation: Augmentation, seed: int, epochs: range
) -> tf.data.Dataset:
    """Yield the batches of an epoch, (images, labels), uint8; gone through again, of the next.

    The first is that of `epochs.start`. Each epoch has every image once; its last batch may be
    smaller.
    """
    # It ends with the epoch, for Keras, taking several steps at once, runs on as long as there are
    # batches, whatever `steps_per_epoch` says.
    upcoming = iter(epochs)

    def generate() -> Iterator[tuple[Bytes, Bytes]]:
        random = np.random.default_rng([seed, next(upcoming)])
        at_once = max(1, IMAGES_AT_ONCE // batch_size) * batch_size
        order = random.permutation(len(data.labels))
        for start in range(0, len(order), at_once):
            indices = order[start : start + at_once]
            images = augmented(take(data.images, indices), augmentation, random)
            labels = data.labels[indices]
            for first in range(0, len(indices), batch_size):
                yield images[first : first + batch_size], labels[first : first + batch_size]

    return _dataset(generate, math.ceil(len(data.labels) / batch_size))


def batches_in_order(data: LabelledImages, batch_size: int) -> tf.data.Dataset:
    """Yield `data` once, as it is and in its order, as (images, labels), uint8."""

    def generate() -> Iterator[tuple[Bytes, Bytes]]:
        for start in range(0, len(data.labels), batch_size):
            indices = np.arange(start, min(start + batch_size, len(data.labels)))
            yield take(data.images, indices), data.labels[indices]

    return _dataset(generate, math.ceil(len(data.labels) / batch_size))


def _dataset(generate: Callable[[], Iterator[tuple[Bytes, Bytes]]], number: int) -> tf.data.Dataset:
    signature = (tf.TensorSpec((None, *IMAGE_SHAPE), tf.uint8), tf.TensorSpec((None,), tf.uint8))
    batches = tf.data.Dataset.from_generator(generate, output_signature=signature)
    # Nothing here is to be tuned; told to end, the tuner's thread often sleeps on, up to a minute.
    options = tf.data.Options()
    options.autotune.enabled = False
    batches = batches.apply(tf.data.experimental.assert_cardinality(number)).prefetch(8)
    return batches.with_options(options)


def augmented(images: Bytes, augmentation: Augmentation, random: np.random.Generator) -> Bytes:
    """Rotate, scale, shear and shift each of (N, 28, 28, 1) uint8 images by its own random amounts.

    The amounts are uniform from minus to plus what `augmentation` says; what comes in from
    outside the picture is background.
    """
    if not any(augmentation.model_dump().values()):
        return images
    with tf.device("CPU"):
        distorted = tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=random_transforms(len(images), augmentation, random),
            output_shape=IMAGE_SHAPE[:2],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )
    return np.asarray(distorted)


def random_transforms(
    number: int, augmentation: Augmentation, random: np.random.Generator
) -> NDArray[np.float32]:
    """Draw (N, 8) maps from an output pixel (x, y) to the input pixel that it is taken from.

    A row a0 a1 a2 b0 b1 b2 0 0 means (a0 x + a1 y + a2, b0 x + b1 y + b2). Computed in float64:
    the CPU kinds' last-bit differences in sine and cosine are lost in the rounding.
    """

    def uniform(limit: float) -> NDArray[np.float64]:
        return random.uniform(-limit, limit, number)

    angle = np.deg2rad(uniform(augmentation.rotation))
    shear = np.tan(np.deg2rad(uniform(augmentation.shear)))
    scale_x, scale_y = 1 + uniform(augmentation.scale), 1 + uniform(augmentation.scale)
    shift_x, shift_y = uniform(augmentation.shift), uniform(augmentation.shift)

    cosine, sine = np.cos(angle), np.sin(angle)
    a0, a1 = cosine / scale_x, (cosine * shear - sine) / scale_x
    b0, b1 = sine / scale_y, (sine * shear + cosine) / scale_y
    # The picture's centre stays where it is, but for the shift.
    a2 = CENTRE - (a0 + a1) * CENTRE + shift_x
    b2 = CENTRE - (b0 + b1) * CENTRE + shift_y
    zero = np.zeros(number)
    return np.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1).astype(np.float32)
