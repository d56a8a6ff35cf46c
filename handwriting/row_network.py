"""The row network: fully convolutional, from a row's image to digits along its columns."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras

from app.ctc import BLANK
from app.row_image import HEIGHT

CLASSES = BLANK + 1


def build_network(widths: Sequence[int]) -> keras.Model:
    """Build the network: (N, 32, W, 1), 0 to 1, to logits (N, W / 2, 11).

    A column of the output sees 37 columns of the input, more than one digit. The output is half as
    wide as the input, because two equal digits need a blank between them.

    Args:
        widths: the channels of the four parts.
    """
    first, second, third, last = widths
    image = keras.Input((HEIGHT, None, 1))
    x = _convolution(image, first, 5, strides=2)  # (16, W / 2)
    x = _convolution(x, second, 3)
    x = keras.layers.MaxPooling2D((2, 1))(x)  # (8, W / 2)
    x = _convolution(x, second, 3)
    x = _convolution(x, third, 3)
    x = keras.layers.MaxPooling2D((2, 1))(x)  # (4, W / 2)
    x = _convolution(x, third, 3)
    x = _convolution(x, third, 3)
    x = _convolution(x, last, (4, 1), padding="valid")  # (1, W / 2)
    x = _convolution(x, last, (1, 5))
    x = _convolution(x, last, (1, 3))
    logits = keras.layers.Conv2D(CLASSES, 1)(x)
    return keras.Model(image, logits[:, 0])


def _convolution(
    x: keras.KerasTensor,
    channels: int,
    kernel: int | tuple[int, int],
    strides: int = 1,
    padding: str = "same",
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(channels, kernel, strides, padding, use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=0.98)(x)
    return keras.layers.ReLU()(x)


def as_litert(network: keras.Model, temperature: float) -> bytes:
    """Return the network as a .tflite file: (N, 32, W, 1) to probabilities (N, W / 2, 11)."""
    cooled = keras.layers.Rescaling(1 / temperature)(network.output)
    model = keras.Model(network.input, keras.layers.Softmax()(cooled))
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "rows.tflite"
        model.export(exported, format="litert", verbose=False)
        return exported.read_bytes()
