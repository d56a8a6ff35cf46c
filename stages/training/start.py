"""Start a training from the weights of a trained model."""

from pathlib import Path
from typing import Any

import keras
from numpy.typing import NDArray

from stages.shared.cli import StageError
from stages.training.model_file import load_model

REMEDY = "set train.start_from to a .keras file of the same architecture and classes, or to null"


def load_weights(path: Path) -> list[NDArray[Any]]:
    """Return the weights of the network in a .keras file, of several networks those of the first.

    Raises `StageError` if the file is missing or is no model of this pipeline.
    """
    if not path.is_file():
        raise StageError(f"train.start_from: {path} not found; {REMEDY}")
    model = load_model(path)
    networks = (layer for layer in model.layers if isinstance(layer, keras.Model))
    return list(next(networks, model).get_weights())


def start_model(model: keras.Model, weights: list[NDArray[Any]]) -> None:
    """Give a model the weights, or raise `StageError` if they are those of another architecture."""
    if [array.shape for array in model.get_weights()] != [array.shape for array in weights]:
        raise StageError(
            f"train.start_from: found weights of other shapes than those of {model.name}; {REMEDY}"
        )
    model.set_weights(weights)
