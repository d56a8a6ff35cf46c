import keras
import numpy as np
import pytest

from stages.training.architectures import build_model
from stages.training.ensemble import ensemble


@pytest.mark.slow
def test_the_mean_over_networks_and_shifts() -> None:
    """The answer is the mean over all networks, each for the image and four shifts of it."""
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1)).astype(np.float32)
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    views = [images]
    views += [padded[:, :28, 2:30], padded[:, 4:, 2:30], padded[:, 2:30, :28], padded[:, 2:30, 4:]]
    keras.utils.set_random_seed(0)
    networks = []
    for _ in range(2):
        weights = build_model("mlp", dropout=0, num_classes=10).get_weights()
        networks.append(build_model("mlp", dropout=0, num_classes=10))
        networks[-1].set_weights([5 * weight for weight in weights])
    answers = [network.predict(view, verbose=0) for network in networks for view in views]
    assert np.abs(answers[0] - answers[1]).max() > 0.01
    averaged = ensemble(networks, test_time_shift=2).predict(images, verbose=0)
    np.testing.assert_allclose(averaged, np.mean(answers, axis=0), atol=1e-6)
    alone = ensemble(networks[:1], test_time_shift=2).predict(images, verbose=0)
    np.testing.assert_allclose(alone, np.mean(answers[:5], axis=0), atol=1e-6)
    assert ensemble(networks[:1], test_time_shift=0) is networks[0]
