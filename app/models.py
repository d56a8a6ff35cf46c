"""The models that app/ uses, and how accurate the main one is.

`make record` commits the model of the last run, so that a fresh clone recognises digits before it
has trained anything. A model that was trained here goes before it. The two networks of handwriting/
are committed there.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

TRAINED, TRAINED_KERAS = Path("models/model.tflite"), Path("models/model.keras")
METRICS, LOCK = Path("metrics/metrics.json"), Path("dvc.lock")
COMMITTED, COMMITTED_SCORES = Path("app/model.tflite"), Path("app/model.json")
CHARACTERS, ROWS = Path("handwriting/characters.tflite"), Path("handwriting/rows.tflite")
MODEL_HELP = f"a .tflite file; else {TRAINED}, or {COMMITTED} if nothing was trained here"


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
        stages = yaml.safe_load(LOCK.read_text(encoding="utf-8"))["stages"]
        trained, scored = (
            {item["path"]: item["md5"] for key in ("deps", "outs") for item in stages[name][key]}
            for name in ("train", "evaluate")
        )
        belong_together = (
            trained[str(TRAINED)] == file_hash(TRAINED)
            and trained[str(TRAINED_KERAS)] == scored[str(TRAINED_KERAS)]
            and scored[str(METRICS)] == file_hash(METRICS)
        )
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
    return _read_scores(METRICS) if belong_together else None


def file_hash(path: Path) -> str:
    """Return the MD5 digest of a file, by which DVC knows its content."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _read_scores(path: Path) -> dict[str, Any] | None:
    try:
        scores: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {key: scores[key] for key in ("dataset", "images", "errors", "accuracy")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
