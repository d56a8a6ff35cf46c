from typing import get_args

import keras
import numpy as np
import pytest

from stages.training.architectures import ARCHITECTURES, build_model
from stages.training.settings import ArchitectureName

WEIGHTS: dict[ArchitectureName, int] = {
    # dense 784 -> 512 -> 10
    "mlp": 784 * 512 + 512 + 512 * 10 + 10,
    # conv 3x3 1 -> 32 -> 64, then 5 x 5 x 64 values -> 10
    "simple-cnn": 9 * 32 + 32 + 9 * 32 * 64 + 64 + 1600 * 10 + 10,
    # conv 5x5 -> 16, 3x3 -> 48 with two learnt and two running values each, 5 x 5 x 48 -> 10
    "small-normalised-cnn": 25 * 16 + 4 * 16 + 9 * 16 * 48 + 4 * 48 + 1200 * 10 + 10,
    # conv 5x5 -> 32, 3x3 -> 64 -> 96 -> 192 with the same four values each, 2 x 2 x 192 -> 10
    "normalised-cnn": 25 * 32
    + 4 * 32
    + 9 * (32 * 64 + 64 * 96 + 96 * 192)
    + 4 * (64 + 96 + 192)
    + 768 * 10
    + 10,
    # the convolutions of simple-cnn, then -> 128 -> 10
    "dense-cnn": 9 * 32 + 32 + 9 * 32 * 64 + 64 + 1600 * 128 + 128 + 128 * 10 + 10,
}


@pytest.mark.parametrize("name", get_args(ArchitectureName))
def test_architectures_give_probabilities(name: ArchitectureName) -> None:
    """Pixels are scaled to at most 1, layers rectified, and the probabilities sum to 1.

    Two linear layers with nothing between them would be no more than one.
    """
    model = build_model(name, dropout=0.5, num_classes=10)
    values: np.ndarray = np.full((3, 28, 28, 1), 255, np.float32)
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            assert values.min() >= 0
        values = np.asarray(layer(values))
        if isinstance(layer, keras.layers.Rescaling):
            assert values.max() == 1
    assert values.shape == (3, 10)
    np.testing.assert_allclose(values.sum(axis=1), 1, rtol=1e-5)
    assert any(layer.rate == 0.5 for layer in model.layers if hasattr(layer, "rate"))
    assert model.name == name.replace("-", "_")  # hyphens cannot be in a Python name


@pytest.mark.parametrize("name", ["small-normalised-cnn", "normalised-cnn"])
def test_a_batch_moves_the_running_values_by_a_tenth(name: ArchitectureName) -> None:
    """An epoch of few batches must be enough to bring them near those of the data."""
    found = [
        layer
        for layer in build_model(name, dropout=0.5, num_classes=10).layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in found:
        values = np.random.default_rng(0).random((4, 3, 3, layer.gamma.shape[0]), np.float32)
        layer(values, training=True)
        expected = 0.1 * values.mean(axis=(0, 1, 2))
        np.testing.assert_allclose(layer.moving_mean, expected, rtol=1e-4)
    assert len(found) >= 2


@pytest.mark.parametrize(("name", "count"), WEIGHTS.items())
def test_weights_by_arithmetic(name: ArchitectureName, count: int) -> None:
    """The weight count equals the sum over the layers, calculated by hand."""
    assert build_model(name, dropout=0.5, num_classes=10).count_params() == count


def test_every_name_has_an_architecture() -> None:
    """The allowed values of train.model are the names of the architectures."""
    assert set(get_args(ArchitectureName)) == set(ARCHITECTURES)
