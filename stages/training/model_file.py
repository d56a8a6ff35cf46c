"""Saving, exporting and loading a model; the files depend on the model alone."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from stages.shared.arrays import IMAGE_SHAPE
from stages.shared.cli import one_line
from stages.shared.files import DAMAGED_ZIP, damaged, replacing


def save_model(model: keras.Model, path: Path) -> None:
    """Write a .keras file whose bytes depend on the architecture and the weights alone.

    Keras itself writes the date of saving, the times of zip entries and memory addresses
    (`shared_object_id`, which marks settings that were one Python object) into the archive. This
    file has constant dates and no addresses; `keras.models.load_model` reads it as usual.
    """
    with _temporary_folder() as folder:
        original = folder / "model.keras"
        model.save(original)
        with zipfile.ZipFile(original) as archive:
            parts = {name: archive.read(name) for name in sorted(archive.namelist())}
    metadata = json.loads(parts["metadata.json"]) | {"date_saved": "1980-01-01@00:00:00"}
    parts["metadata.json"] = json.dumps(metadata).encode()
    config = _without_addresses(json.loads(parts["config.json"]))
    parts["config.json"] = json.dumps(config).encode()
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # dated 1980, the format's first year


def load_model(path: Path) -> keras.Model:
    """Load a .keras file of a classifier: images to a row of probabilities each.

    Raises `StageError` if it is damaged, no Keras model, or a model of other shapes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if part := archive.testzip():  # Keras does not check the checksums
                raise zipfile.BadZipFile(f"its part {part} is damaged")
        model = keras.models.load_model(path, compile=False)
    except (*DAMAGED_ZIP, TypeError) as error:
        raise damaged(path, one_line(error), "a Keras model") from error
    shapes = (tuple(model.input_shape[1:]), tuple(model.output_shape[1:]))
    if shapes[0] != IMAGE_SHAPE or len(shapes[1]) != 1:
        raise damaged(path, f"a model of {shapes}", f"one of {IMAGE_SHAPE} to a row")
    return model


def export_litert(model_path: Path, path: Path) -> None:
    """Convert a .keras file to a .tflite file, for the LiteRT runtime."""
    # The layers' numbers are in the names of tensors too: see `architectures.build_model`.
    keras.utils.clear_session()
    model = keras.models.load_model(model_path)
    with _temporary_folder() as folder:
        exported = folder / "model.tflite"
        model.export(exported, format="litert", verbose=False)
        content = exported.read_bytes()
    with replacing(path) as file:
        file.write(content)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Give a temporary folder; if its disk refuses a write, the `OSError` names where it is.

    The libraries name files of their own there, or none, and TensorFlow has errors of its own.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    except (OSError, tf.errors.OpError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        number = error.errno if isinstance(error, OSError) else None
        raise OSError(number, reason or one_line(error), tempfile.gettempdir()) from error


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
