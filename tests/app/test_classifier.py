from pathlib import Path

import keras
import numpy as np
import pytest

from app.classifier import Classifier
from stages.download import split_digits
from stages.shared.arrays import load_split
from stages.training.architectures import build_model
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


def _assert_same(network: keras.Model, classify: Classifier, images: np.ndarray) -> None:
    """Compare digits and probabilities in blocks of 500 images."""
    for start in range(0, len(images), 500):
        block = images[start : start + 500]
        expected = network.predict(block, batch_size=len(block), verbose=0)
        found = classify(block[..., 0])
        np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_agrees_with_keras(tmp_path: Path) -> None:
    """Both give the same probabilities for the small test set; the block size does not matter."""
    keras.utils.set_random_seed(0)
    network = build_model("small-normalised-cnn", dropout=0.5, num_classes=10)
    network.export(tmp_path / "model.tflite", format="litert", verbose=False)
    classify = Classifier(tmp_path / "model.tflite")
    images = split_digits()["test"][0].reshape(-1, 28, 28, 1)
    _assert_same(network, classify, images)
    np.testing.assert_allclose(
        classify(images[:1, ..., 0]), classify(images[:3, ..., 0])[:1], atol=1e-6
    )


def test_both_model_files_agree() -> None:
    """models/model.tflite and models/model.keras agree on a fifth of the test set."""
    models, arrays = PROJECT / "models", PROJECT / "data" / "processed"
    needed = [models / "model.keras", models / "model.tflite", arrays / "test_images.npy"]
    if not all(path.exists() for path in needed):
        pytest.skip("the pipeline has not run here: `dvc repro` makes models/ and data/")
    images = load_split(arrays, "test").images[::5]
    network = keras.models.load_model(models / "model.keras", compile=False)
    _assert_same(network, Classifier(models / "model.tflite"), images)


def test_files_that_are_not_models(tmp_path: Path) -> None:
    """A missing or damaged file raises an error that the command line handles."""
    with pytest.raises(OSError, match="No such file"):
        Classifier(tmp_path / "missing.tflite")
    (tmp_path / "text.tflite").write_text("not a model")
    with pytest.raises(ValueError, match="odel"):
        Classifier(tmp_path / "text.tflite")
