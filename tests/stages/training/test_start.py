from pathlib import Path

import numpy as np
import pytest

from stages.shared.arrays import LabelledImages
from stages.shared.cli import StageError
from stages.training.architectures import build_model
from stages.training.checkpoint import CheckpointFolder
from stages.training.ensemble import ensemble
from stages.training.inputs import Inputs
from stages.training.model_file import save_model
from stages.training.start import load_weights, start_model
from stages.training.trainer import train_network
from tests.conftest import TRAIN

pytestmark = pytest.mark.slow


def test_the_weights_of_a_saved_model_come_back(tmp_path: Path) -> None:
    """Of a network alone, and of the first one of an ensemble."""
    first, second = (build_model("mlp", 0.5, 10) for _ in range(2))
    expected = first.get_weights()
    for name, model in (("one", first), ("two", ensemble([first, second], 1))):
        path = tmp_path / f"{name}.keras"
        save_model(model, path)
        for found, weights in zip(load_weights(path), expected, strict=True):
            np.testing.assert_array_equal(found, weights)


def test_other_weights_and_missing_files_are_refused(tmp_path: Path) -> None:
    """The message names the parameter and says what to do."""
    with pytest.raises(StageError, match=r"train.start_from: .*none.keras not found; set"):
        load_weights(tmp_path / "none.keras")
    with pytest.raises(StageError, match=r"weights of other shapes than those of mlp; set train"):
        start_model(build_model("mlp", 0, 10), build_model("simple-cnn", 0, 10).get_weights())


def test_training_starts_from_the_weights(tmp_path: Path, random_images: LabelledImages) -> None:
    """With next to no learning rate the weights stay as they were."""
    weights = build_model("mlp", 0.5, 10).get_weights()
    settings = TRAIN.model_copy(update={"epochs": 1, "learning_rate": 1e-9})
    inputs = Inputs(random_images, random_images, 10, start=weights)
    network, _ = train_network(settings, inputs, CheckpointFolder(tmp_path, "key"), 0)
    for found, expected in zip(network.get_weights(), weights, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
