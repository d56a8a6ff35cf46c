"""Start the workers, or end the program with what to type."""

import sys
from pathlib import Path

from app.models import COMMITTED, TRAINED
from app.workers import ModelError, Workers


def started_workers(model: Path) -> Workers:
    """Start workers with the model, or end the program with exit code 2."""
    try:
        return Workers(model)
    except ModelError as error:
        remedies = {COMMITTED: f"type `git restore {COMMITTED}`", TRAINED: "type `dvc repro`"}
        remedy = remedies.get(model, f"expected a .tflite file, such as {COMMITTED}")
        print(f"error: {model}: {error}; {remedy}", file=sys.stderr)
        sys.exit(2)
