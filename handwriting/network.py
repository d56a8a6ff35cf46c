"""The network that tells the ten digits and "none" apart."""

import keras
from keras import layers

from handwriting.settings import NONE
from stages.shared.arrays import IMAGE_SHAPE

CLASSES = NONE + 1


def _block(filters: int, size: int, pool: bool = False) -> list[keras.Layer]:
    """Convolve, pool, normalise, rectify: pooling first leaves a quarter of the work."""
    return [
        layers.Conv2D(filters, size, use_bias=False),  # batch normalisation has an offset
        *([layers.MaxPooling2D(2)] if pool else []),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]


def build_network(dropout: float) -> keras.Model:
    """Build the network: images (N, 28, 28, 1) from 0 to 255 give probabilities (N, 11)."""
    keras.utils.clear_session(free_memory=False)  # the layers' numbers are in the model file
    return keras.Sequential(
        [
            keras.Input(IMAGE_SHAPE),
            layers.Rescaling(1 / 255),
            *_block(32, 5, pool=True),  # (12, 12, 32)
            *_block(80, 3, pool=True),  # (5, 5, 80)
            *_block(160, 3),  # (3, 3, 160)
            layers.Flatten(),  # (1440,)
            layers.Dropout(dropout),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="characters",
    )
