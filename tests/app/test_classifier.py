from pathlib import Path

import keras
import numpy as np
import pytest

from app.classifier import Classifier
from stages.dataset import load
from stages.download import digits
from stages.model import build
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


def _assert_same(network: keras.Model, classify: Classifier, images: np.ndarray) -> None:
    """Compare digits and probabilities, in blocks as large as a batch."""
    for start in range(0, len(images), 500):
        block = images[start : start + 500]
        expected = network.predict(block, batch_size=len(block), verbose=0)
        found = classify(block[..., 0])
        np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_gives_what_keras_gives(tmp_path: Path) -> None:
    """On the small data set's test images, one at a time and many at once."""
    keras.utils.set_random_seed(0)
    network = build("small-normalised-cnn", dropout=0.5)
    network.export(tmp_path / "model.tflite", format="litert", verbose=False)
    classify = Classifier(tmp_path / "model.tflite")
    images = digits()["test"].images.reshape(-1, 28, 28, 1)
    _assert_same(network, classify, images)
    np.testing.assert_allclose(
        classify(images[:1, ..., 0]), classify(images[:3, ..., 0])[:1], atol=1e-6
    )


def test_the_pipeline_wrote_one_model_twice() -> None:
    """On the whole test set, models/model.tflite answers as models/model.keras does."""
    models = PROJECT / "models"
    if not (models / "model.keras").exists() or not (models / "model.tflite").exists():
        pytest.skip("the pipeline has not run here: `dvc repro` makes models/ and data/")
    images = load(PROJECT / "data" / "processed", "test").images
    network = keras.models.load_model(models / "model.keras", compile=False)
    _assert_same(network, Classifier(models / "model.tflite"), images)


def test_what_is_no_model(tmp_path: Path) -> None:
    """A missing or damaged file is an error that the command line knows."""
    with pytest.raises(OSError, match="No such file"):
        Classifier(tmp_path / "missing.tflite")
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(ValueError, match="odel"):
        Classifier(tmp_path / "text.tflite")
