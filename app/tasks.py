"""The tasks of the workers.

The functions import what they take, so that whoever submits a task need not import NumPy.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.classes import DIGITS
from app.outcome import Outcome, as_json, as_text, failed
from pictures.files import MoreNeededError, PictureError, load_file

if TYPE_CHECKING:
    from app.class_reader import ClassReader
    from app.reader import Reader

    AnyReader = Reader | ClassReader


def check(reader: "AnyReader") -> int:
    """Return how many classes the model knows; raise `ValueError` if it takes no image."""
    import numpy as np

    images, outputs = reader.classify(np.zeros((1, 28, 28), np.uint8)).shape
    if images != 1:
        raise ValueError(f"the model answers one image with {images} rows")
    return int(outputs)


def recognise_file(
    reader: "AnyReader", path: str, content: bytes | None, is_json: bool, show: bool
) -> Outcome:
    """Recognise the content, or that of the file if it is None, for the command line.

    An error is part of the outcome, but for `MoreNeededError`.
    """
    from app.montage import steps_row

    try:
        reading = reader.recognise(load_file(Path(path)) if content is None else content)
    except MoreNeededError:
        raise
    except PictureError as error:
        return failed(path, str(error), is_json)
    row = steps_row(reading) if show else None
    if reading.reason:
        start = "no digit" if reading.classes == DIGITS else "not recognised"
        return failed(path, f"{start}: {reading.reason}", is_json)._replace(row=row)
    return Outcome((as_json if is_json else as_text)(path, reading), False, row)


def recognise_picture(reader: "AnyReader", content: bytes) -> dict[str, Any]:
    """Recognise the content and return it as `app.web.api.ReadingJson` describes it."""
    from app.why import as_data_url

    reading = reader.recognise(content)
    digits = [
        {
            "digit": answer.digit,
            "name": reading.classes[answer.digit],
            "confidence": answer.confidence,
            "probabilities": answer.probabilities,
            "none": answer.none if reading.classes == DIGITS else None,
            "box": answer.box,
            "image": as_data_url(answer.image),
        }
        for answer in reading.answers
    ]
    width, height = reading.size
    return {
        "digits": digits,
        "text": reading.text,
        "confidence": reading.confidence,
        "reason": reading.reason,
        "width": width,
        "height": height,
    }


def draw_steps(reader: "AnyReader", content: bytes) -> bytes:
    """Recognise the content and return the steps from it to its digits, drawn, as a PNG file."""
    from app.montage import as_png, steps_sheet

    return as_png(steps_sheet(reader.recognise(content)))


def explain(reader: "AnyReader", data_url: str, digit: int) -> list[list[float]]:
    """Return the importance of each pixel of a digit's image, 28 rows of 28."""
    from app.reader import Reader
    from app.why import image_in, importance
    from pictures.fit import border_level

    image = image_in(data_url)
    empty = 0 if isinstance(reader, Reader) else round(border_level(image))
    rows: list[list[float]] = importance(reader.classify, image, digit, empty).tolist()
    return rows


def read_example(reader: "AnyReader", content: bytes) -> tuple[bytes, str, bytes]:
    """Return what to save of a picture file, its suffix, and the 28x28 pixels of its one digit.

    Raises `PictureError` if it does not show one digit. With other classes any picture will do.
    """
    from app.example import example_in, real_suffix, to_save

    image = example_in(reader, content)
    saved = to_save(reader, content, image)
    return saved, real_suffix(saved), image.tobytes()
