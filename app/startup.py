"""Start the workers, or end the program with what to type."""

import sys
from pathlib import Path

from app.models import CHARACTERS, COMMITTED, ROWS, TRAINED
from app.workers import ModelError, Workers


def started_workers(model: Path) -> Workers:
    """Start workers with the model, or end the program with exit code 2."""
    try:
        return Workers(model)
    except ModelError as error:
        path, reason = error.args
        remedies = {path: f"type `git restore {path}`" for path in (COMMITTED, CHARACTERS, ROWS)}
        remedies[TRAINED] = "type `dvc repro`"
        remedy = remedies.get(path, f"expected a .tflite file, such as {COMMITTED}")
        print(f"error: {path}: {reason}; {remedy}", file=sys.stderr)
        sys.exit(2)
