"""Which model app/ uses, and what it says of it."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from app.classes import DIGITS, ClassesError
from app.models import (
    COMMITTED,
    COMMITTED_SCORES,
    DATASET,
    LOCK,
    METRICS,
    TRAINED,
    TRAINED_KERAS,
    classes_of,
    default_model,
    describe,
    file_hash,
    trained_scores,
)
from tests.conftest import PROJECT, versions

SCORES = {"dataset": "digits", "images": 1_360, "errors": 17, "accuracy": 0.9875}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the current folder with both models, the scores of a run, and its dvc.lock."""
    monkeypatch.chdir(tmp_path)
    for path in (TRAINED, TRAINED_KERAS, METRICS, COMMITTED, COMMITTED_SCORES):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(SCORES))
    TRAINED.write_bytes(b"a model")
    trained = [{"path": str(path), "md5": file_hash(path)} for path in (TRAINED, TRAINED_KERAS)]
    scored = [{"path": str(METRICS), "md5": file_hash(METRICS)}]
    stages = {
        "train": {"deps": [], "outs": trained},
        "evaluate": {"deps": [dict(trained[1])], "outs": scored},
    }
    LOCK.write_text(yaml.safe_dump({"stages": stages}))
    return tmp_path


def test_a_model_trained_here_goes_before_the_committed_one(project: Path) -> None:
    """The committed model is used only while nothing has been trained."""
    assert default_model() == TRAINED
    TRAINED.unlink()
    assert default_model() == COMMITTED


def test_the_description_by_hand(project: Path) -> None:
    """It names the file, where the model comes from, and its accuracy."""
    assert trained_scores() == SCORES
    score = "98.75% of the 1,360 test images of digits are recognised"
    assert describe(TRAINED) == f"models/model.tflite, trained here: {score}"
    assert describe(COMMITTED) == f"app/model.tflite, the committed model: {score}"
    assert describe(Path("my.tflite")) == "my.tflite, given by --model: accuracy not known"


@pytest.mark.parametrize("changed", [TRAINED, METRICS])
def test_scores_of_another_run_are_not_told(project: Path, changed: Path) -> None:
    """While a run is half-way, or after a file was replaced, the accuracy is not known."""
    changed.write_text(json.dumps(SCORES | {"accuracy": 1}))
    assert describe(TRAINED) == "models/model.tflite, trained here: accuracy not known"


def test_a_model_that_is_not_yet_evaluated(project: Path) -> None:
    """Between train and evaluate, the scores in metrics/ are those of the model before."""
    lock = yaml.safe_load(LOCK.read_text())
    lock["stages"]["train"]["outs"][1]["md5"] = "0" * 32
    LOCK.write_text(yaml.safe_dump(lock))
    assert describe(TRAINED) == "models/model.tflite, trained here: accuracy not known"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"stages: [",
        b"stages: {train: 1}",
        b"stages: {train: {deps: [], outs: []}}",
        b"<<<<<<< HEAD\n",
    ],
)
def test_a_damaged_lock_is_no_error(project: Path, content: bytes) -> None:
    """A dvc.lock that cannot be read leaves the accuracy unknown."""
    LOCK.write_bytes(content)
    assert describe(TRAINED) == "models/model.tflite, trained here: accuracy not known"
    LOCK.unlink()
    assert describe(TRAINED) == "models/model.tflite, trained here: accuracy not known"


def record_dataset(*classes: str) -> None:
    """Write the names of the data set, and let dvc.lock say that the model was trained on it."""
    DATASET.parent.mkdir(parents=True, exist_ok=True)
    DATASET.write_text(json.dumps({"name": "made", "classes": classes}))
    lock = yaml.safe_load(LOCK.read_text())
    lock["stages"]["train"]["deps"] = [{"path": str(DATASET), "md5": file_hash(DATASET)}]
    LOCK.write_text(yaml.safe_dump(lock))


def test_the_classes_of_the_model_trained_here(project: Path) -> None:
    """They are those of the data set that dvc.lock has; a run from before names has digits."""
    assert classes_of(TRAINED) == DIGITS
    record_dataset("boot", "shirt")
    assert classes_of(TRAINED) == ("boot", "shirt")
    assert classes_of(TRAINED.absolute()) == ("boot", "shirt")


@pytest.mark.parametrize("changed", [TRAINED, DATASET])
def test_classes_of_another_run_are_not_told(project: Path, changed: Path) -> None:
    """A file that is not the one of the run ends in an error that says what to type."""
    record_dataset("boot", "shirt")
    for change in (lambda: changed.write_text('{"classes": ["a", "b"]}'), changed.unlink):
        change()
        with pytest.raises(ClassesError) as error:
            classes_of(TRAINED)
        assert str(error.value) == (
            "models/model.tflite: dvc.lock does not say that it was trained on "
            "data/processed/dataset.json; type `dvc repro`, or name its classes with --classes FILE"
        )


def test_a_model_of_digits_with_another_hash_reads_digits(project: Path) -> None:
    """As before, only its accuracy is not known; also if dvc.lock or the model is missing."""
    record_dataset(*DIGITS)
    TRAINED.write_bytes(b"another model")
    assert classes_of(TRAINED) == DIGITS
    TRAINED.unlink()
    assert classes_of(TRAINED) == DIGITS
    LOCK.unlink()
    assert classes_of(TRAINED) == DIGITS


def test_the_classes_of_the_committed_model(project: Path) -> None:
    """app/model.json has them; without them, or without the file, they are the digits."""
    assert classes_of(COMMITTED) == DIGITS
    COMMITTED_SCORES.write_text(json.dumps(SCORES | {"classes": ["boot", "shirt"]}))
    assert classes_of(COMMITTED) == ("boot", "shirt")
    COMMITTED_SCORES.unlink()
    assert classes_of(COMMITTED) == DIGITS


@pytest.mark.parametrize("content", ["", "{", "1", "[]", '{"dataset": "digits"}', None])
def test_damaged_scores_of_the_committed_model_are_no_error(
    project: Path, content: str | None
) -> None:
    """The model reads digits all the same; only its accuracy is not known."""
    COMMITTED_SCORES.unlink() if content is None else COMMITTED_SCORES.write_text(content)
    assert describe(COMMITTED) == "app/model.tflite, the committed model: accuracy not known"
    assert classes_of(COMMITTED) == DIGITS


def test_a_file_names_the_classes_of_any_model(project: Path) -> None:
    """It goes before what is known of the model; one from elsewhere has digits without it."""
    record_dataset("boot", "shirt")
    names = Path("names.json")
    names.write_text('{"classes": ["yes", "no"]}')
    for model in (TRAINED, COMMITTED, Path("my.tflite")):
        assert classes_of(model, names) == ("yes", "no")
    assert classes_of(Path("my.tflite")) == DIGITS


def test_the_committed_model_is_that_of_the_run() -> None:
    """app/model.tflite is the model in dvc.lock, and app/model.json has its scores."""
    advice = "the run has another model: type `make record`"
    locks = [yaml.safe_load(content)["stages"]["train"]["outs"] for content in versions("dvc.lock")]
    hashes = [out["md5"] for outs in locks for out in outs if out["path"] == str(TRAINED)]
    assert file_hash(PROJECT / COMMITTED) in hashes, f"app/model.tflite: {advice}"
    recorded = json.loads((PROJECT / COMMITTED_SCORES).read_text())
    assert tuple(recorded.pop("classes")) == DIGITS, f"app/model.json: {advice}"
    runs = [json.loads(content) for content in versions("metrics/metrics.json")]
    assert recorded in [{key: run[key] for key in SCORES} for run in runs], (
        f"app/model.json: {advice}"
    )


def test_the_committed_model_needs_no_trained_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the two committed files alone, the description has the accuracy."""
    (tmp_path / "app").mkdir()
    for path in (COMMITTED, COMMITTED_SCORES):
        shutil.copy(PROJECT / path, tmp_path / path)
    monkeypatch.chdir(tmp_path)
    assert default_model() == COMMITTED
    assert " test images of " in describe(COMMITTED)
