"""Batches in which a share of the images are a person's own pictures."""

import math
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from stages.shared.arrays import IMAGE_SHAPE, UInt8Array
from stages.training.augmentation import augment
from stages.training.batches import PREFETCHED, training_batches
from stages.training.inputs import Inputs
from stages.training.settings import Train

OWN = 1  # tells the random generator of own pictures from that of the others


def mixed_batches(inputs: Inputs, settings: Train, seed: int, epochs: range) -> tf.data.Dataset:
    """Yield the batches of `training_batches`, the first images of each replaced by own pictures.

    They are `settings.own_share` of a batch; an epoch has as many batches as without them. All own
    pictures come once before one comes again. Order and distortions depend on the seed and the
    epoch alone. Without own pictures, or with a share of 0, the batches are unchanged.
    """
    size, augmentation = settings.batch_size, settings.augmentation
    batches = training_batches(inputs.training, size, augmentation, seed, epochs)
    count = round(settings.own_share * size)
    if not (count and len(inputs.own.labels)):
        return batches
    steps = math.ceil(len(inputs.training.labels) / size)
    remaining_epochs = iter(epochs)

    def generate() -> Iterator[tuple[UInt8Array, UInt8Array]]:
        random = np.random.default_rng([seed, next(remaining_epochs), OWN])
        rounds = math.ceil(steps * count / len(inputs.own.labels))
        order = np.concatenate([random.permutation(len(inputs.own.labels)) for _ in range(rounds)])
        for step in range(steps):
            chosen = order[step * count : (step + 1) * count]
            yield (
                augment(inputs.own.images[chosen], augmentation, random),
                inputs.own.labels[chosen],
            )

    signature = (tf.TensorSpec((None, *IMAGE_SHAPE), tf.uint8), tf.TensorSpec((None,), tf.uint8))
    own_batches = tf.data.Dataset.from_generator(generate, output_signature=signature)
    mixed = tf.data.Dataset.zip(batches, own_batches).map(_replace_first)
    return mixed.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(PREFETCHED)


def _replace_first(
    batch: tuple[tf.Tensor, tf.Tensor], own: tuple[tf.Tensor, tf.Tensor]
) -> tuple[tf.Tensor, ...]:
    """Replace the first images and labels of a batch; it keeps its size."""
    size = tf.shape(batch[1])[0]
    return tuple(
        tf.concat([new[:size], old[tf.shape(new)[0] :]], axis=0)
        for new, old in zip(own, batch, strict=True)
    )
