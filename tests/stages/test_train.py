import numpy as np
import pytest

from stages.checkpoint import CheckpointFolder
from stages.dataset import LabelledImages
from stages.model import average
from stages.network import train_network
from stages.train import train
from tests.conftest import TRAIN

pytestmark = pytest.mark.slow


def test_networks_are_averaged_and_differ(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """Two networks give the mean of what each gives over shifts; they have seeds of their own."""
    settings = TRAIN.model_copy(update={"networks": 2, "epochs": 1})
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    model, history = train(settings, random_images, random_images, folder)
    assert [row["network"] for row in history] == [1, 2]
    alone = [
        train_network(settings, random_images, random_images, folder, number)[0]
        for number in (0, 1)
    ]
    first, second = (
        average([network], settings.test_time_shift).predict(random_images.images, verbose=0)
        for network in alone
    )
    assert np.abs(first - second).max() > 0.01
    averaged = model.predict(random_images.images, verbose=0)
    np.testing.assert_allclose(averaged, (first + second) / 2, atol=1e-6)
