"""Reading a picture: its digits, each with the model's probabilities, or why there is none."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.classifier import Classifier
from app.image import Bytes, Steps, find_digits
from app.picture import read_picture
from app.strokes import Box

# What the model is less sure of is no digit. README.md tells how it was chosen:
# `python -m benchmarks.own_digits` measures what it refuses.
LEAST_CONFIDENCE = 0.5


class Answer(NamedTuple):
    """One digit that was read."""

    digit: int
    confidence: float
    probabilities: list[float]  # ten
    box: Box  # in pixels of the picture, upright
    image: Bytes  # (28, 28), what the model saw

    @property
    def runner_up(self) -> int:
        return int(np.argsort(self.probabilities)[-2])


class Reading(NamedTuple):
    """What a picture says: answers from left to right, or none and a fault that says why."""

    answers: list[Answer]
    fault: str
    steps: Steps


class Reader:
    """Reads pictures with a model."""

    def __init__(self, model: Path) -> None:
        """Raise `OSError` or `ValueError` if `model` is no .tflite model."""
        self._classify = Classifier(model)

    def read(self, content: bytes) -> Reading:
        """Read a picture file.

        Raises `PictureError` if it is no picture that can be opened.
        """
        picture = read_picture(content)
        steps = find_digits(picture.grey)
        if steps.fault:
            return Reading([], steps.fault, steps)
        probabilities = self._classify(np.stack([digit.image for digit in steps.digits]))
        answers = [
            Answer(
                int(row.argmax()),
                float(row.max()),
                [float(value) for value in row],
                Box(*(round(value * picture.scale) for value in found.box)),
                found.image,
            )
            for found, row in zip(steps.digits, probabilities, strict=True)
        ]
        return Reading(answers, confidence_fault(answers), steps)


def confidence_fault(answers: list[Answer]) -> str:
    """Say that the model is too unsure for this to be a digit, or a row of digits; else ""."""
    least = min(answers, key=lambda answer: answer.confidence)
    if least.confidence >= LEAST_CONFIDENCE:
        return ""
    return f"likest to a {least.digit}, but only {least.confidence:.0%} sure"
