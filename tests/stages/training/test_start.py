from pathlib import Path

import keras
import numpy as np
import pytest

from stages.shared.cli import StageError
from stages.training.ensemble import ensemble
from stages.training.model_file import save_model
from stages.training.start import load_weights, start_model

REMEDY = "set train.start_from to a .keras file of the same architecture and classes, or to null"


def network(classes: int = 3, hidden: bool = False) -> keras.Model:
    """Return a small network with random weights."""
    layers = [keras.layers.Dense(4)] if hidden else []
    layers = [keras.layers.Flatten(), *layers, keras.layers.Dense(classes)]
    return keras.Sequential([keras.Input((28, 28, 1)), *layers], name="small")


def test_the_weights_of_a_saved_model_come_back(tmp_path: Path) -> None:
    """Of a network alone, and of the first one of an ensemble."""
    first, second = network(), network()
    expected = first.get_weights()
    for name, model in (("one", first), ("two", ensemble([first, second], 1))):
        path = tmp_path / f"{name}.keras"
        save_model(model, path)
        for found, weights in zip(load_weights(path), expected, strict=True):
            np.testing.assert_array_equal(found, weights)


def test_a_network_gets_the_weights() -> None:
    """It then has the weights of the other one."""
    model, other = network(), network()
    start_model(model, other.get_weights())
    for found, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_other_weights_and_missing_files_are_refused(tmp_path: Path) -> None:
    """The message names the parameter and says what to do; the network stays as it was."""
    with pytest.raises(StageError) as error:
        load_weights(tmp_path / "none.keras")
    assert str(error.value) == f"train.start_from: {tmp_path}/none.keras not found; {REMEDY}"
    model = network()
    before = model.get_weights()
    for other in (network(classes=4), network(hidden=True)):
        with pytest.raises(StageError) as error:
            start_model(model, other.get_weights())
        assert str(error.value) == (
            f"train.start_from: found weights of other shapes than those of small; {REMEDY}"
        )
    for found, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)
