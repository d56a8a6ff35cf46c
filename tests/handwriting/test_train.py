from pathlib import Path

import numpy as np
import pytest

from app.classifier import Classifier
from handwriting.network import build_network
from handwriting.settings import NONE, Network
from handwriting.train import combined, export, train
from stages.download import split_digits
from stages.shared.arrays import LabelledImages
from stages.training.settings import Augmentation

SETTINGS = Network(
    seed=0,
    threads=1,
    instruction_set="avx2",
    epochs=3,
    batch_size=32,
    steps_per_execution=4,
    dropout=0.1,
    learning_rate=3e-3,
    plain_copies=2,
    refused_digits=0.01,
    augmentation=Augmentation(rotation=5, scale=0.05, shear=5, shift=1),
)


@pytest.fixture(scope="module")
def digits() -> LabelledImages:
    images, labels = split_digits()["train"]
    return LabelledImages(images[:700, ..., np.newaxis], labels[:700])


@pytest.fixture(scope="module")
def crosses() -> LabelledImages:
    """Return frames with a cross in them, 200 images of no digit."""
    image = np.zeros((28, 28, 1), np.uint8)
    image[4:24, 13:15] = image[13:15, 4:24] = image[4:24, 4:6] = image[4:24, 22:24] = 255
    return LabelledImages(np.repeat(image[np.newaxis], 200, 0), np.full(200, NONE, np.uint8))


def test_real_digits_are_repeated(digits: LabelledImages, crosses: LabelledImages) -> None:
    """They come first, as often as wanted, then the made images."""
    both = combined(digits, crosses, copies=2)
    count = len(digits.labels)
    assert len(both.images) == len(both.labels) == 2 * count + 200
    np.testing.assert_array_equal(both.labels[:count], both.labels[count : 2 * count])
    assert (both.labels[2 * count :] == NONE).all()


@pytest.mark.slow
def test_a_network_learns_digits_and_none(
    digits: LabelledImages, crosses: LabelledImages, tmp_path: Path
) -> None:
    """A short training tells both apart; the .tflite file gives the same probabilities."""
    both = combined(digits, crosses, copies=1)
    network = train(SETTINGS, both, both)
    export(network, tmp_path / "network.tflite")
    probabilities = Classifier(tmp_path / "network.tflite")(both.images[-400:, ..., 0])
    expected = network.predict(both.images[-400:], verbose=0)
    np.testing.assert_allclose(probabilities, expected, atol=1e-4)
    right = probabilities.argmax(axis=1) == both.labels[-400:]
    assert right[-200:].all()
    assert right[:200].mean() > 0.9


@pytest.mark.slow
def test_the_file_is_small(tmp_path: Path) -> None:
    """The file is committed, so it is small."""
    export(build_network(dropout=0.5), tmp_path / "network.tflite")
    assert (tmp_path / "network.tflite").stat().st_size < 1.5e6
