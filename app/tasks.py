"""What the workers do with a picture. They import what it takes; who asks them needs none of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.files import MoreNeededError, PictureError, load_file
from app.outcome import Outcome, as_json, as_text, failed

if TYPE_CHECKING:
    from app.reader import Reader


def check(reader: "Reader") -> None:
    """Raise an exception if the model does not give ten probabilities for an image."""
    import numpy as np

    shape = reader.classify(np.zeros((1, 28, 28), np.uint8)).shape
    if shape != (1, 10):
        raise ValueError(f"gives {shape}, expected (1, 10)")


def recognise_file(
    reader: "Reader", path: str, content: bytes | None, json: bool, show: bool
) -> Outcome:
    """Recognise the content, or that of the file if it is None; errors are part of the outcome.

    Raises `MoreNeededError`.
    """
    from app.montage import steps_row

    try:
        reading = reader.recognise(load_file(Path(path)) if content is None else content)
    except MoreNeededError:
        raise
    except PictureError as error:
        return failed(path, str(error), json)
    row = steps_row(reading) if show else None
    if reading.reason:
        return failed(path, f"no digit: {reading.reason}", json)._replace(row=row)
    line = (as_json if json else as_text)(path, reading.answers)
    return Outcome(line, False, row)
