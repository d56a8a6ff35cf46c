"""The architectures, by the name that `train.model` has, and the form in which a model is kept.

Each takes images (N, 28, 28, 1) in 0 to 255 and gives probabilities (N, 10). Scaling to [0, 1] is
the first layer.
"""

import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from keras import layers

from stages.dataset import IMAGE_SHAPE, NUM_CLASSES
from stages.files import replacing
from stages.params import ModelName


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
    """Convolve, pool, normalise, rectify: what comes after pooling has a quarter of the work."""
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


ARCHITECTURES: dict[ModelName, Callable[[float], list[keras.Layer]]] = {
    "mlp": _mlp,
    "simple-cnn": _simple_cnn,
    "dense-cnn": _dense_cnn,
    "small-normalised-cnn": _small_normalised_cnn,
    "normalised-cnn": _normalised_cnn,
}


def build(name: ModelName, dropout: float) -> keras.Model:
    """Build an architecture with fresh weights; `dropout` is the fraction of units left out.

    Layers are named by Keras's running numbers, which begin anew here: the names, which stand in
    the file, are the same whatever this process built before.
    """
    keras.utils.clear_session(free_memory=False)
    return keras.Sequential(
        [
            keras.Input(IMAGE_SHAPE),
            layers.Rescaling(1 / 255),
            *ARCHITECTURES[name](dropout),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ],
        name=name.replace("-", "_"),
    )


def average(networks: list[keras.Model], shift: int) -> keras.Model:
    """Return one model that gives the mean of the networks' probabilities.

    With a `shift` of s pixels above 0 each network sees every image five times: as it is, and moved
    by s pixels up, down, left and right.
    """
    if len(networks) == 1 and shift == 0:
        return networks[0]
    images = keras.Input(IMAGE_SHAPE)
    views = _shifted(images, shift) if shift else [images]
    for number, network in enumerate(networks, start=1):
        network.name = f"network_{number}"
    return keras.Model(
        images, layers.Average()([network(view) for network in networks for view in views])
    )


def _shifted(images: keras.KerasTensor, shift: int) -> list[keras.KerasTensor]:
    """Return the images as they are, then moved down, up, right and left; zeros move in."""
    padded = layers.ZeroPadding2D(shift)(images)
    return [
        layers.Cropping2D(((top * shift, (2 - top) * shift), (left * shift, (2 - left) * shift)))(
            padded
        )
        for top, left in ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
    ]


def save(model: keras.Model, path: Path) -> None:
    """Write a .keras file whose bytes depend on the architecture and the weights alone.

    Keras itself puts the time of saving, zip times and memory addresses (`shared_object_id`, which
    says that two layers' settings were one Python object) into the archive; here constants stand
    in their place, or nothing. `keras.models.load_model` reads it as usual.
    """
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / "model.keras"
        model.save(original)
        with zipfile.ZipFile(original) as archive:
            parts = {name: archive.read(name) for name in sorted(archive.namelist())}
    metadata = json.loads(parts["metadata.json"]) | {"date_saved": "1980-01-01@00:00:00"}
    parts["metadata.json"] = json.dumps(metadata).encode()
    config = _without_addresses(json.loads(parts["config.json"]))
    parts["config.json"] = json.dumps(config).encode()
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # dated 1980, the format's beginning


def export(model: Path, path: Path) -> None:
    """Write the .keras file `model` for LiteRT, a small runtime that starts in a moment.

    The export has Keras's running numbers in its tensors' names; read anew after a reset they are
    the same whatever this process did before.
    """
    keras.utils.clear_session()
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "model.tflite"
        keras.models.load_model(model).export(exported, format="litert", verbose=False)
        content = exported.read_bytes()
    with replacing(path) as file:
        file.write(content)


def _without_addresses(config: Any) -> Any:
    if isinstance(config, list):
        return [_without_addresses(item) for item in config]
    if isinstance(config, dict):
        return {
            key: _without_addresses(value)
            for key, value in config.items()
            if key != "shared_object_id"
        }
    return config
