import json

import numpy as np
import pytest

from app.outcome import Outcome, as_json, as_percent, as_text, failed
from app.reader import Answer, Reading
from pictures.box import Box
from pictures.segment import find_digits

MORE = 4e-7  # what no sixth decimal shows


def reading(text: str) -> Reading:
    """Return a reading of some digits, and marks between them, which is 40 % sure."""
    sheet = np.ones((40, 40), np.float32)
    answers = [
        Answer(
            digit=int(digit),
            confidence=0.75 + MORE,
            probabilities=[0.75 if label == int(digit) else 0.25 / 9 for label in range(10)],
            none=0.125 + MORE,
            box=Box(10 * index, 0, 10 * index + 8, 16),
            image=np.zeros((28, 28), np.uint8),
        )
        for index, digit in enumerate(filter(str.isdigit, text))
    ]
    return Reading(answers, text, 0.4 + MORE, "", find_digits(sheet), (40, 40))


def test_one_digit_as_json() -> None:
    """One digit is given with its probabilities and that of no digit, without lists around them."""
    digit = json.loads(as_json("a.png", reading("7")))
    assert digit.pop("probabilities") == [0.027778] * 7 + [0.75] + [0.027778] * 2
    assert digit == {"path": "a.png", "digit": 7, "confidence": 0.75, "none": 0.125}


def test_a_row_as_json() -> None:
    """A row is given with its text and how sure it is as a whole, and a list for each value."""
    row = json.loads(as_json("a.png", reading("1,2")))
    assert [len(values) for values in row.pop("probabilities")] == [10, 10]
    assert row == {
        "path": "a.png",
        "text": "1,2",
        "row_confidence": 0.4,
        "digit": [1, 2],
        "confidence": [0.75, 0.75],
        "none": [0.125, 0.125],
        "box": [[0, 0, 8, 16], [10, 0, 18, 16]],
    }


def test_a_row_as_text() -> None:
    """A row begins with its text and how sure it is as a whole; then each digit follows."""
    assert as_text("a.png", reading("1,2")) == (
        "a.png: 1,2 (40.0 %): 1 (75.0 %), then 9 (2.8 %) at 0,0 to 8,16; "
        "2 (75.0 %), then 9 (2.8 %) at 10,0 to 18,16"
    )
    assert as_text("a.png", reading("7")) == "a.png: 7 (75.0 %), then 9 (2.8 %)"


def named_reading() -> Reading:
    """Return a reading of one picture by a model of three classes."""
    probabilities = [0.2 + MORE, 0.05, 0.75]
    answer = reading("2").answers[0]._replace(probabilities=probabilities, none=0)
    classes = ("shirt", "hat", "ankle boot")
    return reading("2")._replace(answers=[answer], text="ankle boot", classes=classes)


def test_a_class_as_json() -> None:
    """Other classes than digits are named, each with its probability; there is no "none"."""
    assert as_json("a.png", named_reading()) == (
        '{"path": "a.png", "class": "ankle boot", "confidence": 0.75, '
        '"probabilities": {"shirt": 0.2, "hat": 0.05, "ankle boot": 0.75}}'
    )


def test_a_class_as_text() -> None:
    """Both the likeliest class and the next one are named."""
    assert as_text("a.png", named_reading()) == "a.png: ankle boot (75.0 %), then shirt (20.0 %)"


def test_a_failure_is_one_line() -> None:
    """It has the path and why, as text or as JSON, and counts as an error."""
    path = "a\nb.png"
    assert failed(path, "blank", False) == Outcome("'a\\nb.png': blank", True)
    as_json = '{"path": "a\\nb.png", "error": "blank"}'
    assert failed(path, "blank", True) == Outcome(as_json, True)
    assert as_text(path, reading("7")) == "'a\\nb.png': 7 (75.0 %), then 9 (2.8 %)"


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (1, "over 99.9 %"),
        (0.9996, "over 99.9 %"),
        (0.9994, "99.9 %"),
        (0.5, "50.0 %"),
        (0.0006, "0.1 %"),
        (0.0004, "under 0.1 %"),
        (0, "under 0.1 %"),
    ],
)
def test_is_never_certain(probability: float, text: str) -> None:
    """A probability is given in percent, but neither as 100 nor as 0."""
    assert as_percent(probability) == text
