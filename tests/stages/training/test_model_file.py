from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from stages.shared.cli import StageError
from stages.training.architectures import build_model
from stages.training.ensemble import ensemble
from stages.training.model_file import export_litert, load_model, save_model


def test_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    """Models with equal weights give equal files; other weights give another file."""
    model = build_model("simple-cnn", dropout=0.5, num_classes=10)
    save_model(model, tmp_path / "model.keras")
    expected = (tmp_path / "model.keras").read_bytes()
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for twin in (model, copy, keras.models.load_model(tmp_path / "model.keras")):
        save_model(twin, tmp_path / "twin.keras")
        assert (tmp_path / "twin.keras").read_bytes() == expected
    again = build_model("simple-cnn", dropout=0.5, num_classes=10)
    again.set_weights(model.get_weights())
    save_model(again, tmp_path / "twin.keras")
    assert (tmp_path / "twin.keras").read_bytes() == expected
    copy.set_weights([weight + 1e-3 for weight in model.get_weights()])
    save_model(copy, tmp_path / "twin.keras")
    assert (tmp_path / "twin.keras").read_bytes() != expected


def test_loads_with_plain_keras(tmp_path: Path) -> None:
    """Keras loads the file in safe mode, and the model gives the same probabilities."""
    model = build_model("dense-cnn", dropout=0.5, num_classes=10)
    save_model(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), dtype=np.uint8)
    np.testing.assert_array_equal(
        model.predict(images, verbose=0), loaded.predict(images, verbose=0)
    )


def test_refuses_a_damaged_model(tmp_path: Path) -> None:
    """A file that is truncated or has a flipped bit is refused with one line."""
    path = tmp_path / "model.keras"
    save_model(build_model("mlp", dropout=0, num_classes=10), path)
    assert load_model(path).count_params() == 407_050
    whole = path.read_bytes()
    middle = len(whole) // 2
    for content in (
        b"",
        whole[:1000],
        whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
    ):
        path.write_bytes(content)
        with pytest.raises(StageError, match=r"found .*, expected a Keras model") as caught:
            load_model(path)
        assert "\n" not in str(caught.value)


def test_a_model_may_have_any_number_of_classes(tmp_path: Path) -> None:
    """A model of three classes is loaded; one of other images, or without a row, is refused."""
    path = tmp_path / "model.keras"
    save_model(build_model("mlp", dropout=0, num_classes=3), path)
    assert load_model(path).output_shape == (None, 3)
    for shape in ((28, 28, 1), (32,)):
        save_model(keras.Sequential([keras.Input(shape), keras.layers.Dense(2)]), path)
        with pytest.raises(StageError, match=r"found a model of .*, expected one of \(28, 28, 1\)"):
            load_model(path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_exports_equal_bytes_and_equal_answers(tmp_path: Path) -> None:
    """A second export gives equal bytes, and the export has the model's probabilities."""
    network = build_model("small-normalised-cnn", dropout=0.5, num_classes=10)
    save_model(ensemble([network], test_time_shift=1), tmp_path / "model.keras")
    export_litert(tmp_path / "model.keras", tmp_path / "once.tflite")
    build_model("mlp", dropout=0, num_classes=10)
    export_litert(tmp_path / "model.keras", tmp_path / "twice.tflite")
    assert (tmp_path / "once.tflite").read_bytes() == (tmp_path / "twice.tflite").read_bytes()
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1)).astype(np.float32)
    interpreter = tf.lite.Interpreter(str(tmp_path / "once.tflite"))
    answer = interpreter.get_signature_runner()(**{_input_name(interpreter): images})
    expected = keras.models.load_model(tmp_path / "model.keras").predict(images, verbose=0)
    np.testing.assert_allclose(next(iter(answer.values())), expected, atol=1e-5)


def _input_name(interpreter: tf.lite.Interpreter) -> str:
    signature: dict[str, list[str]] = interpreter.get_signature_list()["serving_default"]
    return signature["inputs"][0]
