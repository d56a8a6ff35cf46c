"""Recognise the digits of a picture file with the model."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.arrays import UInt8Array
from app.classifier import Classifier
from app.components import Box
from app.decode import decode
from app.files import MAX_MEMORY
from app.rejection import confidence_reason
from app.segment import Steps, find_digits


class Answer(NamedTuple):
    """One recognised digit."""

    digit: int
    confidence: float  # the probability of `digit`
    probabilities: list[float]  # of the digits 0 to 9
    box: Box  # in pixels of the upright picture
    image: UInt8Array  # (28, 28), the model's input

    @property
    def runner_up(self) -> int:
        return int(np.argsort(self.probabilities)[-2])


class Reading(NamedTuple):
    """The digits of one picture, or the reason why it is rejected.

    A picture with a reason is rejected. It keeps its answers only if the reason is the model's low
    confidence.
    """

    answers: list[Answer]  # left to right
    reason: str  # from app.rejection, "" if the picture is not rejected
    steps: Steps
    size: tuple[int, int]  # width and height of the upright picture, in pixels


class Reader:
    """Recognises digits with one model."""

    def __init__(self, model: Path | bytes, memory: int = MAX_MEMORY) -> None:
        """Load a .tflite file or its content; raise `OSError` or `ValueError` if it is no model.

        A picture and its decoder may take up to `memory` bytes.
        """
        self.classify = Classifier(model)
        self._memory = memory

    def recognise(self, content: bytes) -> Reading:
        """Recognise the digits in the content of a picture file.

        Raises `PictureError` if the content cannot be decoded.
        """
        picture = decode(content, self._memory)
        steps = find_digits(picture.grey)
        if steps.reason:
            return Reading([], steps.reason, steps, picture.size)
        probabilities = self.classify(np.stack([digit.image for digit in steps.digits]))
        answers = [
            Answer(
                digit=int(row.argmax()),
                confidence=float(row.max()),
                probabilities=[float(value) for value in row],
                box=Box(*(round(value * picture.scale) for value in digit.box)),
                image=digit.image,
            )
            for digit, row in zip(steps.digits, probabilities, strict=True)
        ]
        return Reading(answers, confidence_reason(probabilities), steps, picture.size)
