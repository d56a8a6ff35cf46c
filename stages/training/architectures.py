"""The architectures, by the names that the parameter `train.model` may have.

Each is a function from the dropout rate to the hidden layers. `build_model` puts the scaling of
pixels before them and the softmax over the classes behind them.
"""

from collections.abc import Callable

import keras
from keras import layers

from stages.shared.arrays import IMAGE_SHAPE
from stages.training.settings import ArchitectureName


def _mlp(dropout: float) -> list[keras.Layer]:
    return [layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dropout(dropout)]


def _two_convolutions() -> list[keras.Layer]:
    return [
        layers.Conv2D(32, 3, activation="relu"),  # (26, 26, 32)
        layers.MaxPooling2D(2),  # (13, 13, 32)
        layers.Conv2D(64, 3, activation="relu"),  # (11, 11, 64)
        layers.MaxPooling2D(2),  # (5, 5, 64)
        layers.Flatten(),  # (1600,)
    ]


def _simple_cnn(dropout: float) -> list[keras.Layer]:
    return [*_two_convolutions(), layers.Dropout(dropout)]


def _dense_cnn(dropout: float) -> list[keras.Layer]:
    return [*_two_convolutions(), layers.Dense(128, activation="relu"), layers.Dropout(dropout)]


def _normalised(filters: int, size: int, pool: bool = False) -> list[keras.Layer]:
    """Convolve, pool, normalise, rectify: pooling first leaves a quarter of the work."""
    return [
        layers.Conv2D(filters, size, use_bias=False),  # batch normalisation has an offset
        *([layers.MaxPooling2D(2)] if pool else []),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]


def _small_normalised_cnn(dropout: float) -> list[keras.Layer]:
    return [
        *_normalised(16, 5, pool=True),  # (12, 12, 16)
        *_normalised(48, 3, pool=True),  # (5, 5, 48)
        layers.Flatten(),  # (1200,)
        layers.Dropout(dropout),
    ]


def _normalised_cnn(dropout: float) -> list[keras.Layer]:
    return [
        *_normalised(32, 5, pool=True),  # (12, 12, 32)
        *_normalised(64, 3),  # (10, 10, 64)
        *_normalised(96, 3, pool=True),  # (4, 4, 96)
        *_normalised(192, 3),  # (2, 2, 192)
        layers.Flatten(),  # (768,)
        layers.Dropout(dropout),
    ]


ARCHITECTURES: dict[ArchitectureName, Callable[[float], list[keras.Layer]]] = {
    "mlp": _mlp,
    "simple-cnn": _simple_cnn,
    "dense-cnn": _dense_cnn,
    "small-normalised-cnn": _small_normalised_cnn,
    "normalised-cnn": _normalised_cnn,
}


def build_model(name: ArchitectureName, dropout: float, num_classes: int) -> keras.Model:
    """Build an architecture with fresh weights; `dropout` is the fraction of units left out.

    The model takes images (N, 28, 28, 1) from 0 to 255 and gives probabilities (N, num_classes).
    """
    # Keras numbers layers of one kind, and the names are in the model file. Numbering must start
    # again, so that they do not depend on the models that this process built before.
    keras.utils.clear_session(free_memory=False)
    return keras.Sequential(
        [
            keras.Input(IMAGE_SHAPE),
            layers.Rescaling(1 / 255),
            *ARCHITECTURES[name](dropout),
            layers.Dense(num_classes, activation="softmax"),
        ],
        name=name.replace("-", "_"),
    )
