import numpy as np
import pytest

from stages.shared.dataset import LabelledImages
from stages.train import train
from stages.training.checkpoint import CheckpointFolder
from stages.training.ensemble import ensemble
from stages.training.trainer import train_network
from tests.conftest import TRAIN

pytestmark = pytest.mark.slow


def test_networks_are_averaged_and_differ(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """The model averages its two networks, which differ because their seeds differ."""
    settings = TRAIN.model_copy(update={"networks": 2, "epochs": 1})
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    model, history = train(settings, random_images, random_images, folder)
    assert [row["network"] for row in history] == [1, 2]
    alone = [
        train_network(settings, random_images, random_images, folder, index)[0] for index in (0, 1)
    ]
    first, second = (
        ensemble([network], settings.test_time_shift).predict(random_images.images, verbose=0)
        for network in alone
    )
    assert np.abs(first - second).max() > 0.01
    averaged = model.predict(random_images.images, verbose=0)
    np.testing.assert_allclose(averaged, (first + second) / 2, atol=1e-6)
