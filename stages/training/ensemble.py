"""The average of several networks over several views of an image, as one model."""

import keras
from keras import layers

from stages.shared.arrays import IMAGE_SHAPE


def ensemble(networks: list[keras.Model], test_time_shift: int) -> keras.Model:
    """Return one model that gives the mean of the networks' probabilities.

    With a `test_time_shift` of s pixels above 0, each network sees every image five times: as it
    is, and shifted by s pixels up, down, left and right (test-time augmentation).
    """
    if len(networks) == 1 and test_time_shift == 0:
        return networks[0]
    images = keras.Input(IMAGE_SHAPE)
    views = _shifted(images, test_time_shift) if test_time_shift else [images]
    for index, network in enumerate(networks, start=1):
        network.name = f"network_{index}"
    return keras.Model(
        images, layers.Average()([network(view) for network in networks for view in views])
    )


def _shifted(images: keras.KerasTensor, shift: int) -> list[keras.KerasTensor]:
    """Return the images unchanged, then shifted down, up, right and left; the gap is zeros."""
    padded = layers.ZeroPadding2D(shift)(images)
    return [
        layers.Cropping2D(((top * shift, (2 - top) * shift), (left * shift, (2 - left) * shift)))(
            padded
        )
        for top, left in ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
    ]
