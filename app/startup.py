"""Start a program of app/: its standard streams, its model and its workers, or end it."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from app.classes import DIGITS, Classes, ClassesError
from app.models import CHARACTERS, COMMITTED, ROWS, TRAINED, classes_of
from app.workers import ModelError, Workers


def known_classes(model: Path, given: Path | None = None) -> Classes:
    """Return the classes of the model, or end the program with exit code 2."""
    try:
        return classes_of(model, given)
    except ClassesError as error:
        _end(str(error))


def started_workers(model: Path, classes: Classes = DIGITS) -> Workers:
    """Start workers with the model, or end the program with exit code 2."""
    try:
        return Workers(model, classes)
    except ClassesError as error:
        _end(str(error))
    except ModelError as error:
        path, reason = error.args
        remedies = {path: f"type `git restore {path}`" for path in (COMMITTED, CHARACTERS, ROWS)}
        remedies[TRAINED] = "type `dvc repro`"
        remedy = remedies.get(path, f"expected a .tflite file, such as {COMMITTED}")
        _end(f"{path}: {reason}; {remedy}")


def _end(message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def prepare_streams() -> None:
    """Make the standard streams fit for any file name and any program at their other end."""
    for descriptor in range(3):
        try:
            os.set_blocking(descriptor, True)
        except OSError:  # closed: a file that is opened later must not take its place
            os.open(os.devnull, os.O_RDWR)
    if not sys.stdout:
        sys.exit("error: standard output is closed; expected a file or a program that reads it")
    for stream in filter(None, (sys.stdout, sys.stderr)):
        # A file's name may contain bytes that are not valid text.
        stream.reconfigure(errors="backslashreplace")
