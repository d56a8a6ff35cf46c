import json
import tempfile
import zipfile
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


def test_nothing_in_a_saved_model_is_of_its_time_or_place(tmp_path: Path) -> None:
    """Not a date, also if it is saved within one second, and not the address of an object."""
    save_model(build_model("mlp", dropout=0, num_classes=10), tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert archive.namelist() == ["config.json", "metadata.json", "model.weights.h5"]
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        metadata = json.loads(archive.read("metadata.json"))
        assert b"shared_object_id" not in archive.read("config.json")
    assert metadata == {
        "keras_version": keras.__version__,
        "date_saved": "1980-01-01@00:00:00",
    }


def test_a_full_temporary_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What TensorFlow cannot write there is an error of the system as well, with the place."""
    path = tmp_path / "model.keras"
    save_model(build_model("mlp", dropout=0, num_classes=10), path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fail(*_: object, **__: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "variables;\nNo space left on device")

    monkeypatch.setattr(keras.Model, "export", fail)
    with pytest.raises(OSError, match="No space left on device") as caught:
        export_litert(path, tmp_path / "model.tflite")
    assert caught.value.filename == str(tmp_path)
    assert caught.value.strerror == "variables; No space left on device"
    assert list(tmp_path.iterdir()) == [path]


def test_loads_with_plain_keras(tmp_path: Path) -> None:
    """Keras loads the file in safe mode, and the model gives the same probabilities."""
    model = build_model("dense-cnn", dropout=0.5, num_classes=10)
    save_model(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), dtype=np.uint8)
    np.testing.assert_array_equal(model(images), loaded(images))


def test_refuses_a_damaged_model(tmp_path: Path) -> None:
    """A file that is truncated or has a flipped bit is refused with one line."""
    path = tmp_path / "model.keras"
    save_model(build_model("mlp", dropout=0, num_classes=10), path)
    assert load_model(path).count_params() == 407_050
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for content, found in (
        (b"", "File is not a zip file"),
        (whole[:1000], "File is not a zip file"),
        (flipped, "its part model.weights.h5 is damaged"),
    ):
        path.write_bytes(content)
        with pytest.raises(StageError) as error:
            load_model(path)
        assert str(error.value) == (
            f"{path}: found {found}, expected a Keras model; delete the file and type `dvc repro`"
        )


def test_a_model_is_loaded_to_be_used(tmp_path: Path) -> None:
    """Its optimizer may be one that this program does not know, and is not needed."""
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
    model.compile("sgd", "mse")
    save_model(model, tmp_path / "model.keras")
    assert not load_model(tmp_path / "model.keras").compiled


def test_a_model_may_have_any_number_of_classes(tmp_path: Path) -> None:
    """A model of three classes is loaded; one of other images, or without a row, is refused."""
    path = tmp_path / "model.keras"
    save_model(build_model("mlp", dropout=0, num_classes=3), path)
    assert load_model(path).output_shape == (None, 3)
    for shape in ((28, 28, 1), (32,)):
        save_model(keras.Sequential([keras.Input(shape), keras.layers.Dense(2)]), path)
        with pytest.raises(StageError, match=r"found a model of .*, expected one of \(28, 28, 1\)"):
            load_model(path)


def test_an_export_is_what_keras_makes_for_litert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its layers are numbered from the first; nothing but the file that was asked for is left."""
    made: list[Path] = []
    calls: list[str] = []

    class Loaded:
        def export(self, path: Path, *, format: str, verbose: bool) -> None:  # noqa: A002
            assert (path.suffix, format, verbose) == (".tflite", "litert", False)
            path.write_bytes(b"exported")
            made.append(path)

    def load(path: Path) -> Loaded:
        calls.append(path.name)
        return Loaded()

    monkeypatch.setattr(keras.utils, "clear_session", lambda: calls.append("numbers"))
    monkeypatch.setattr(keras.models, "load_model", load)
    export_litert(tmp_path / "model.keras", tmp_path / "digits.tflite")
    assert (tmp_path / "digits.tflite").read_bytes() == b"exported"
    assert [path.name for path in tmp_path.iterdir()] == ["digits.tflite"]
    assert not made[0].exists()
    assert calls == ["numbers", "model.keras"]


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
