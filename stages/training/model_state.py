"""The state of a model and its optimizer as a list of arrays."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


def get_variables(model: keras.Model) -> list[NDArray[Any]]:
    """Return the state of the model and its optimizer as arrays, in Keras's own order."""
    return [np.asarray(leaf) for leaf in keras.tree.flatten(_state_tree(model))]


def restore_variables(model: keras.Model, variables: list[NDArray[Any]]) -> None:
    """Set the state of the model and its optimizer to the result of `get_variables`."""
    model.set_state_tree(keras.tree.pack_sequence_as(_state_tree(model), variables))


def _state_tree(model: keras.Model) -> dict[str, Any]:
    """Return the states of weights, optimizer and seed generators, as nested dictionaries."""
    tree: dict[str, Any] = model.get_state_tree()
    del tree["metrics_variables"]  # metrics start again in each epoch
    return tree
