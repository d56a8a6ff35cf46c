from pathlib import Path
from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from stages.model import ARCHITECTURES, average, build, export, save
from stages.params import ModelName

PARAMETERS = {
    # dense 784 -> 512 -> 10
    "mlp": 784 * 512 + 512 + 512 * 10 + 10,
    # conv 3x3 1 -> 32 -> 64, then 5 x 5 x 64 values -> 10
    "simple-cnn": 9 * 32 + 32 + 9 * 32 * 64 + 64 + 1600 * 10 + 10,
    # conv 5x5 -> 16, 3x3 -> 48 with two learnt and two running figures each, 5 x 5 x 48 -> 10
    "small-normalised-cnn": 25 * 16 + 4 * 16 + 9 * 16 * 48 + 4 * 48 + 1200 * 10 + 10,
    # conv 5x5 -> 32, 3x3 -> 64 -> 96 -> 192, likewise, 2 x 2 x 192 -> 10
    "normalised-cnn": 25 * 32
    + 4 * 32
    + 9 * (32 * 64 + 64 * 96 + 96 * 192)
    + 4 * (64 + 96 + 192)
    + 768 * 10
    + 10,
    # the convolutions of simple-cnn, then -> 128 -> 10
    "dense-cnn": 9 * 32 + 32 + 9 * 32 * 64 + 64 + 1600 * 128 + 128 + 128 * 10 + 10,
}


@pytest.mark.parametrize("name", get_args(ModelName))
def test_architectures(name: ModelName) -> None:
    """Each name that params.yaml may hold is built, with the parameter count by arithmetic."""
    model = build(name, dropout=0.5)
    assert model.count_params() == PARAMETERS[name]
    images = np.full((3, 28, 28, 1), 255, np.uint8)
    np.testing.assert_allclose(model.predict(images, verbose=0).sum(axis=1), 1, rtol=1e-5)
    assert any(layer.rate == 0.5 for layer in model.layers if hasattr(layer, "rate"))


def test_every_name_has_an_architecture() -> None:
    """The parameter's choices and the architectures are the same."""
    assert set(get_args(ModelName)) == set(ARCHITECTURES)


def test_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    """A model, its copy and itself loaded again are one file; other weights are another."""
    model = build("simple-cnn", dropout=0.5)
    save(model, tmp_path / "model.keras")
    expected = (tmp_path / "model.keras").read_bytes()
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for twin in (model, copy, keras.models.load_model(tmp_path / "model.keras")):
        save(twin, tmp_path / "twin.keras")
        assert (tmp_path / "twin.keras").read_bytes() == expected
    again = build("simple-cnn", dropout=0.5)
    again.set_weights(model.get_weights())
    save(again, tmp_path / "twin.keras")
    assert (tmp_path / "twin.keras").read_bytes() == expected
    copy.set_weights([weight + 1e-3 for weight in model.get_weights()])
    save(copy, tmp_path / "twin.keras")
    assert (tmp_path / "twin.keras").read_bytes() != expected


def test_loads_with_plain_keras(tmp_path: Path) -> None:
    """`keras.models.load_model`, in safe mode, gives the same answers."""
    model = build("dense-cnn", dropout=0.5)
    save(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), dtype=np.uint8)
    np.testing.assert_array_equal(
        model.predict(images, verbose=0), loaded.predict(images, verbose=0)
    )


def test_the_average_over_networks_and_shifts() -> None:
    """It is the mean of what each network says of the image and of its four neighbours."""
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1)).astype(np.float32)
    framed = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    views = [images]
    views += [framed[:, :28, 2:30], framed[:, 4:, 2:30], framed[:, 2:30, :28], framed[:, 2:30, 4:]]
    keras.utils.set_random_seed(0)
    networks = []
    for _ in range(2):
        weights = build("mlp", dropout=0).get_weights()
        networks.append(build("mlp", dropout=0))
        networks[-1].set_weights([5 * weight for weight in weights])
    answers = [network.predict(view, verbose=0) for network in networks for view in views]
    assert np.abs(answers[0] - answers[1]).max() > 0.01
    averaged = average(networks, shift=2).predict(images, verbose=0)
    np.testing.assert_allclose(averaged, np.mean(answers, axis=0), atol=1e-6)
    alone = average(networks[:1], shift=2).predict(images, verbose=0)
    np.testing.assert_allclose(alone, np.mean(answers[:5], axis=0), atol=1e-6)
    assert average(networks[:1], shift=0) is networks[0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_exports_equal_bytes_and_equal_answers(tmp_path: Path) -> None:
    """Whatever was built before, the export is the same file and gives the same probabilities."""
    network = build("small-normalised-cnn", dropout=0.5)
    save(average([network], shift=1), tmp_path / "model.keras")
    export(tmp_path / "model.keras", tmp_path / "once.tflite")
    build("mlp", dropout=0)
    export(tmp_path / "model.keras", tmp_path / "twice.tflite")
    assert (tmp_path / "once.tflite").read_bytes() == (tmp_path / "twice.tflite").read_bytes()
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1)).astype(np.float32)
    interpreter = tf.lite.Interpreter(str(tmp_path / "once.tflite"))
    answer = interpreter.get_signature_runner()(**{_input_name(interpreter): images})
    expected = keras.models.load_model(tmp_path / "model.keras").predict(images, verbose=0)
    np.testing.assert_allclose(next(iter(answer.values())), expected, atol=1e-5)


def _input_name(interpreter: tf.lite.Interpreter) -> str:
    signature: dict[str, list[str]] = interpreter.get_signature_list()["serving_default"]
    return signature["inputs"][0]
