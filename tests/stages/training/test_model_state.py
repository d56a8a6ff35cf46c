import numpy as np

from stages.training.model_state import get_variables, restore_variables
from stages.training.trainer import compiled_model
from tests.conftest import TRAIN


def test_the_whole_state_of_a_training_comes_back() -> None:
    """Weights, optimizer and the generator of dropout: all that the next step depends on.

    A dense network has two times weights and offsets; Adam has two values for each of them, its
    count of steps, and no rate of its own, as the schedule gives it.
    """
    model = compiled_model(TRAIN, 10, 7)
    before = get_variables(model)
    shapes = [array.shape for array in before]
    layers = [(784, 512), (512,), (512, 10), (10,)]
    assert sorted(shapes) == sorted([*layers * 3, (2,), ()])
    saved = [array + np.ones((), array.dtype) for array in before]
    restore_variables(model, saved)
    for found, expected in zip(get_variables(model), saved, strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    assert model.optimizer.iterations == 1
