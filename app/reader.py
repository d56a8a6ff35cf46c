"""Recognise the digits of a picture file."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.classes import DIGITS, Classes
from app.coverage import is_complete, is_long, lacks_much
from app.judge import Judge, Verdict
from app.models import CHARACTERS, ROWS
from app.rejection import confidence_reason, none_reason, row_reason
from app.rows import Row, RowReader, calibrated, combined, is_row
from pictures.arrays import UInt8Array
from pictures.box import Box
from pictures.decode import decode
from pictures.files import MAX_MEMORY
from pictures.layout import MAX_DIGITS
from pictures.segment import Digit, Steps, attempts

SURE = 0.9  # the confidence from which no other attempt is made
LATER = 0.8  # factor of a later attempt's confidence, where it is compared with an earlier one's


class Answer(NamedTuple):
    """One recognised digit, or what a picture shows by a model of other classes."""

    digit: int  # the index of the class
    confidence: float  # the probability of `digit`
    probabilities: list[float]  # of the digits 0 to 9, or of the other classes
    none: float  # the probability that this is no digit
    box: Box  # in pixels of the upright picture
    image: UInt8Array  # (28, 28), the model's input

    @property
    def runner_up(self) -> int:
        return int(np.argsort(self.probabilities)[-2])


class Reading(NamedTuple):
    """The digits of one picture, or the reason why it is rejected.

    A picture with a reason is rejected. It keeps its answers only if the reason is what the models
    say of them.
    """

    answers: list[Answer]  # left to right
    text: str  # the digits with the points, commas and dashes between them
    confidence: float  # the probability that all answers are right, 0 if there are none
    reason: str  # from app.rejection, "" if the picture is not rejected
    steps: Steps
    size: tuple[int, int]  # width and height of the upright picture, in pixels
    classes: Classes = DIGITS


class Reader:
    """Recognises digits with a model, and with the two networks of handwriting/ beside it."""

    def __init__(
        self,
        model: Path | bytes,
        memory: int = MAX_MEMORY,
        characters: Path | bytes = CHARACTERS,
        rows: Path | bytes = ROWS,
    ) -> None:
        """Load .tflite files or their content; raise `OSError` or `ValueError` if that fails.

        A picture and its decoder may take up to `memory` bytes.
        """
        self.judge, self._read_row = Judge(model, characters), RowReader(rows)
        self.classify = self.judge.classify
        self._memory = memory

    def recognise(self, content: bytes) -> Reading:
        """Recognise the digits in the content of a picture file.

        Raises `PictureError` if the content cannot be decoded.
        """
        picture = decode(content, self._memory)
        best: Reading | None = None
        for variants in attempts(picture.grey):
            reading = self._first_accepted(variants)
            if best is None or _is_better(reading, best):
                best = reading
            if not reading.reason and reading.confidence > SURE:
                break
        assert best  # noqa: S101 - there is at least one attempt
        answers = [
            own._replace(box=_in_file(own.box, picture.grey.shape, picture.size))
            for own in best.answers
        ]
        return best._replace(answers=answers, size=picture.size)

    def _first_accepted(self, variants: Iterator[Steps]) -> Reading:
        """Return the first reading without a reason, or else the most confident one."""
        rejected = []
        for steps in variants:
            reading = self._read(steps)
            if not reading.reason:
                return reading
            rejected.append(reading)
        return max(rejected, key=lambda reading: reading.confidence)

    def _read(self, steps: Steps) -> Reading:
        """Read what one attempt found, digit by digit, as a row, or both."""
        apart = Reading([], "", 0, steps.reason, steps, (0, 0))
        if not steps.reason:
            apart = _read_apart(steps, self.judge(steps.digits, steps.is_mnist_form))
        may_be_row = is_row(steps.boxes) or lacks_much(steps)
        if not 0 < len(steps.boxes) <= MAX_DIGITS or not may_be_row:
            return apart
        if is_sure(apart.answers) and is_complete(steps):
            return apart
        # Next to a single digit a frame would be read as a one. Of a row nothing should be missing.
        mask = steps.mask if is_long(steps.mask.shape) else steps.writing
        row = self._read_row(steps.ink, mask, steps.factor)
        if len(row.digits) < 2:
            return apart
        together = _read_together(steps, row, self.judge(row.digits))
        return apart if together.reason and not apart.reason else together


def _in_file(box: Box, shape: tuple[int, ...], size: tuple[int, int]) -> Box:
    """Return the box in pixels of a file, given in those of its grey levels (H, W).

    It has one pixel or more. Rows and columns each have a scale of their own: the sides of the grey
    levels are rounded, and the shorter one of a very narrow picture is far from its proportions.
    """
    across, down = size[0] / shape[1], size[1] / shape[0]
    left, right = (round(side * across) for side in (box.left, box.right))
    top, bottom = (round(side * down) for side in (box.top, box.bottom))
    left, top = min(left, size[0] - 1), min(top, size[1] - 1)
    return Box(left, top, max(right, left + 1), max(bottom, top + 1))


def is_sure(answers: list[Answer]) -> bool:
    """Return whether each answer is sure."""
    return bool(answers) and min(one.confidence * (1 - one.none) for one in answers) > SURE


def _read_apart(steps: Steps, verdict: Verdict) -> Reading:
    """Read digits that were found as components of their own."""
    reason = none_reason(verdict.none, steps.is_mnist_form)
    reason = reason or confidence_reason(verdict.probabilities)
    answers = _answers(steps.digits, verdict)
    confidence = float(np.prod(verdict.probabilities.max(axis=1) * (1 - verdict.none)))
    text = "".join(str(answer.digit) for answer in answers)
    return Reading(answers, text, confidence, reason, steps, (0, 0))


def _read_together(steps: Steps, row: Row, verdict: Verdict) -> Reading:
    """Read the digits of a row by what both networks say."""
    probabilities = combined(row, verdict)
    # The row's confidence in its own digits gives way to that of both networks.
    own = float(np.prod(row.probabilities.max(axis=1)))
    confidence = calibrated(row.confidence * float(np.prod(probabilities.max(axis=1))) / own)
    answers = _answers(row.digits, verdict._replace(probabilities=probabilities))
    text = row.with_marks([answer.digit for answer in answers])
    boxes = [] if lacks_much(steps) else steps.boxes
    reason = row_reason(confidence, verdict.none, boxes)
    return Reading(answers, text, confidence, reason, steps._replace(digits=row.digits), (0, 0))


def _answers(digits: list[Digit], verdict: Verdict) -> list[Answer]:
    return [
        Answer(
            digit=int(row.argmax()),
            confidence=float(row.max()),
            probabilities=[float(value) for value in row],
            none=float(none),
            box=digit.box,
            image=digit.image,
        )
        for digit, row, none in zip(digits, verdict.probabilities, verdict.none, strict=True)
    ]


def _is_better(later: Reading, earlier: Reading) -> bool:
    one, other = (
        (not later.reason, LATER * later.confidence),
        (not earlier.reason, earlier.confidence),
    )
    return one > other
