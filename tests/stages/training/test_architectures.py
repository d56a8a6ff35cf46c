from typing import get_args

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
    """Each architecture uses the given dropout and gives probabilities that sum to 1."""
    model = build_model(name, dropout=0.5, num_classes=10)
    images = np.full((3, 28, 28, 1), 255, np.uint8)
    probabilities = model.predict(images, verbose=0)
    assert probabilities.shape == (3, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert any(layer.rate == 0.5 for layer in model.layers if hasattr(layer, "rate"))


@pytest.mark.parametrize(("name", "count"), WEIGHTS.items())
def test_weights_by_arithmetic(name: ArchitectureName, count: int) -> None:
    """The weight count equals the sum over the layers, calculated by hand."""
    assert build_model(name, dropout=0.5, num_classes=10).count_params() == count


def test_every_name_has_an_architecture() -> None:
    """The allowed values of train.model are the names of the architectures."""
    assert set(get_args(ArchitectureName)) == set(ARCHITECTURES)
