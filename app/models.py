"""The models that app/ uses, and the classes and the accuracy of the main one.

`make record` commits the model of the last run, so that a fresh clone recognises digits before it
has trained anything. A model that was trained here goes before it. The two networks of handwriting/
are committed there.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from app.classes import DIGITS, Classes, ClassesError, read_classes

TRAINED, TRAINED_KERAS = Path("models/model.tflite"), Path("models/model.keras")
METRICS, LOCK = Path("metrics/metrics.json"), Path("dvc.lock")
DATASET = Path("data/processed/dataset.json")
COMMITTED, COMMITTED_SCORES = Path("app/model.tflite"), Path("app/model.json")
CHARACTERS, ROWS = Path("handwriting/characters.tflite"), Path("handwriting/rows.tflite")
LOCK_ERRORS = (OSError, ValueError, KeyError, TypeError, yaml.YAMLError)
MODEL_HELP = f"a .tflite file; else {TRAINED}, or {COMMITTED} if nothing was trained here"
CLASSES_HELP = f"a JSON file with the names of the model's classes, such as {DATASET}"


def default_model() -> Path:
    """Return the model that was trained here, or the committed one if there is none."""
    return TRAINED if TRAINED.exists() else COMMITTED


def describe(model: Path) -> str:
    """Return one line that says which model this is and how accurate it is on its test set."""
    if model.resolve() == COMMITTED.resolve():
        origin, scores = "the committed model", _read_scores(COMMITTED_SCORES)
    elif model.resolve() == TRAINED.resolve():
        origin, scores = "trained here", trained_scores()
    else:
        origin, scores = "given by --model", None
    if scores is None:
        return f"{model}, {origin}: accuracy not known"
    return (
        f"{model}, {origin}: {scores['accuracy']:.2%} of the {scores['images']:,} test images of "
        f"{scores['dataset']} are recognised"
    )


def trained_scores() -> dict[str, Any] | None:
    """Return the content of metrics/metrics.json if it has the scores of the model trained here.

    dvc.lock tells it by the hashes of the files. None also if a file is missing or damaged.
    """
    try:
        trained, scored = _locked_hashes("train"), _locked_hashes("evaluate")
        belong_together = (
            trained[str(TRAINED)] == file_hash(TRAINED)
            and trained[str(TRAINED_KERAS)] == scored[str(TRAINED_KERAS)]
            and scored[str(METRICS)] == file_hash(METRICS)
        )
    except LOCK_ERRORS:
        return None
    return _read_scores(METRICS) if belong_together else None


def classes_of(model: Path, given: Path | None = None) -> Classes:
    """Return the classes of a model: those in the file `given`, or else those that are known of it.

    Raises `ClassesError`. Of a model from elsewhere nothing is known: it counts as one of digits.
    """
    if given:
        return read_classes(given)
    if model.resolve() == TRAINED.resolve():
        return _trained_classes()
    if model.resolve() == COMMITTED.resolve() and _has_classes(COMMITTED_SCORES):
        return read_classes(COMMITTED_SCORES)
    return DIGITS


def _trained_classes() -> Classes:
    """Return the classes of the data set that the model trained here was trained on."""
    try:
        trained = _locked_hashes("train")
    except LOCK_ERRORS:
        trained = {}
    if str(DATASET) not in trained:  # from before data sets had a name
        return DIGITS
    if _has_hash(DATASET, trained[str(DATASET)]):
        classes = read_classes(DATASET)
        # A model of digits is used with another hash too: only its accuracy is not known.
        if classes == DIGITS or _has_hash(TRAINED, trained.get(str(TRAINED))):
            return classes
    raise ClassesError(
        f"{TRAINED}: {LOCK} does not say that it was trained on {DATASET}; type `dvc repro`, or "
        "name its classes with --classes FILE"
    )


def _has_hash(path: Path, expected: str | None) -> bool:
    return path.is_file() and file_hash(path) == expected


def _has_classes(path: Path) -> bool:
    try:
        return "classes" in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _locked_hashes(stage: str) -> dict[str, str]:
    """Return the MD5 digest of each file that a stage read or wrote, as dvc.lock has them.

    Raises one of `LOCK_ERRORS` if dvc.lock is missing or damaged.
    """
    content = yaml.safe_load(LOCK.read_text(encoding="utf-8"))["stages"][stage]
    return {item["path"]: item["md5"] for key in ("deps", "outs") for item in content[key]}


def file_hash(path: Path) -> str:
    """Return the MD5 digest of a file, by which DVC knows its content."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _read_scores(path: Path) -> dict[str, Any] | None:
    try:
        scores: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {key: scores[key] for key in ("dataset", "images", "errors", "accuracy")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
