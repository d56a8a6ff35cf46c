import keras
import numpy as np
import pytest

from stages.training.ensemble import ensemble


@pytest.fixture
def networks() -> list[keras.Model]:
    """Give two networks of three classes with different weights."""
    keras.utils.set_random_seed(0)
    return [
        keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                keras.layers.Rescaling(1 / 50),
                keras.layers.Flatten(),
                keras.layers.Dense(3, activation="softmax"),
            ]
        )
        for _ in range(2)
    ]


def test_the_mean_over_networks_and_shifts(networks: list[keras.Model]) -> None:
    """The answer is the mean over all networks, each for the image and four shifts of it."""
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1)).astype(np.float32)
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    views = [images]
    views += [padded[:, :28, 2:30], padded[:, 4:, 2:30], padded[:, 2:30, :28], padded[:, 2:30, 4:]]
    answers = [np.asarray(network(view)) for network in networks for view in views]
    assert np.abs(answers[0] - answers[1]).max() > 0.01
    for count, shift, expected in (
        (2, 2, answers),
        (1, 2, answers[:5]),
        (2, 0, [answers[0], answers[5]]),
    ):
        averaged = ensemble(networks[:count], test_time_shift=shift)(images)
        np.testing.assert_allclose(averaged, np.mean(expected, axis=0), atol=1e-6)


def test_a_network_alone_is_its_own_ensemble(networks: list[keras.Model]) -> None:
    """Without shifts one network is not wrapped; several are numbered from 1, as in the log."""
    assert ensemble(networks[:1], test_time_shift=0) is networks[0]
    for shift in (0, 1):
        model = ensemble(networks, test_time_shift=shift)
        assert model.input_shape == (None, 28, 28, 1)
        names = [layer.name for layer in model.layers if isinstance(layer, keras.Model)]
        assert names == ["network_1", "network_2"]
        views = [layer for layer in model.layers if isinstance(layer, keras.layers.Cropping2D)]
        assert len(views) == 5 * shift  # without a shift nothing is done five times
