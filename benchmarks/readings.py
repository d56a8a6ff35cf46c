"""Read many pictures and count what is right, refused and well calibrated."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

from app.reader import Answer, Reader
from benchmarks.kinds import Sample

CONFIDENT = 0.9  # calibration is measured among the readings with at least this confidence


class Result(NamedTuple):
    """What was found in one picture."""

    sample: Sample
    answers: list[Answer]  # also of a picture that is refused for what the models say
    confidence: float  # that all digits are right
    reason: str  # why the picture is refused, "" if it is not

    @property
    def digits(self) -> list[int]:
        """The digits that the reader gives as its reading, none if it refuses the picture."""
        return [] if self.reason else [answer.digit for answer in self.answers]

    @property
    def is_right(self) -> bool:
        return self.digits == self.sample.labels

    @property
    def none(self) -> float:
        """The highest score for "no digit" among the digits, 1 if none was found."""
        return max((answer.none for answer in self.answers), default=1.0)


def read_all(reader: Reader, samples: Iterable[Sample]) -> list[Result]:
    """Read pictures one after another."""
    results = []
    for sample in samples:
        reading = reader.recognise(sample.content)
        results.append(Result(sample, reading.answers, reading.confidence, reading.reason))
    return results


def share_right(results: list[Result]) -> float:
    """Return the share of pictures whose digits are all right, or that are rightly refused."""
    return float(np.mean([result.is_right for result in results]))


def calibration(results: list[Result]) -> tuple[int, float]:
    """Return how many readings have a confidence of at least 90 %, and which share is right."""
    sure = [r.is_right for r in results if not r.reason and r.confidence >= CONFIDENT]
    return len(sure), float(np.mean(sure)) if sure else float("nan")


def auroc(digits: list[Result], others: list[Result]) -> float:
    """Return how well the score for "no digit" tells other pictures from digits, 0.5 is chance."""
    is_other = [False] * len(digits) + [True] * len(others)
    return float(roc_auc_score(is_other, [result.none for result in [*digits, *others]]))
