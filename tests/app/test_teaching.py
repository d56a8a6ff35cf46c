import copy
from typing import Any

import numpy as np
import pytest

from app.classes import DIGITS
from app.reader import Reader
from app.tasks import recognise_picture
from app.teaching import EVIDENCE, Examples, combined
from tests.app.conftest import drawn, encoded, images_in


@pytest.fixture
def examples() -> Examples:
    """Give corrections, of which there are none yet."""
    return Examples(DIGITS)


def answer_to(reader: Reader, *digits: int, pen: int = 8) -> dict[str, Any]:
    """Return the answer to drawn digits."""
    return recognise_picture(reader, encoded(drawn(*digits, pen=pen)))


def pixels(digit: int) -> bytes:
    """Return the 28x28 pixels of a drawn digit."""
    [image] = images_in(encoded(drawn(digit)))
    return image.tobytes()


def test_without_corrections_an_answer_stays(reader: Reader, examples: Examples) -> None:
    """Nothing corrected changes nothing, nor does what was taken back."""
    answer = answer_to(reader, 7)
    before = copy.deepcopy(answer)
    examples.add("1/a.png", pixels(7), 1)
    examples.remove("1/a.png")
    assert examples.adjusted(answer) is answer
    assert answer == before


def test_an_alike_digit_is_named_as_corrected(reader: Reader, examples: Examples) -> None:
    """The same digit in another pen gets the corrected label, and its probabilities say so."""
    examples.add("1/a.png", pixels(7), 1)
    answer = examples.adjusted(answer_to(reader, 7, pen=9))
    [digit] = answer["digits"]
    assert (answer["text"], digit["digit"], digit["name"]) == ("1", 1, "1")
    assert digit["taught"]
    assert digit["confidence"] == max(digit["probabilities"]) == digit["probabilities"][1]
    assert sum(digit["probabilities"]) == pytest.approx(1)
    assert answer["confidence"] == pytest.approx(digit["confidence"] * (1 - digit["none"]))


@pytest.mark.parametrize("digit", [0, 1, 2, 3, 4, 5, 6, 8, 9])
def test_another_digit_is_answered_as_before(
    reader: Reader, examples: Examples, digit: int
) -> None:
    """A correction of a seven leaves the other digits as they are, byte for byte."""
    examples.add("1/a.png", pixels(7), 1)
    answer = answer_to(reader, digit)
    assert examples.adjusted(answer) is answer


def test_a_digit_of_a_row_is_changed_within_it(reader: Reader, examples: Examples) -> None:
    """In a row the corrected digit alone changes; the text and the confidence follow."""
    answer = answer_to(reader, 4, 7, 2)
    image = images_in(encoded(drawn(4, 7, 2)))[1]
    examples.add("1/a.png", image.tobytes(), 1)
    changed = examples.adjusted(answer)
    assert (answer["text"], changed["text"]) == ("472", "412")
    assert changed["digits"][0] == answer["digits"][0]
    assert 0.5 < changed["confidence"] <= min(one["confidence"] for one in changed["digits"])


def test_a_corrected_refusal_is_an_answer(reader: Reader, examples: Examples) -> None:
    """A digit that looked like none is accepted once it was corrected; a blank sheet is not."""
    answer = answer_to(reader, 7)
    answer["reason"] = "the writing looks like no digit"
    answer["digits"][0]["none"] = 0.95
    examples.add("7/a.png", pixels(7), 7)
    changed = examples.adjusted(answer)
    assert (changed["reason"], changed["text"]) == ("", "7")
    assert changed["digits"][0]["none"] < 0.01
    blank = {"digits": [], "reason": "the sheet is blank"}
    assert examples.adjusted(blank) is blank


def test_no_probability_of_none_stays_so(reader: Reader, examples: Examples) -> None:
    """An answer that leaves open whether it is a digit at all still does."""
    answer = answer_to(reader, 7)
    answer["digits"][0]["none"] = None
    examples.add("1/a.png", pixels(7), 1)
    changed = examples.adjusted(answer)
    assert (changed["text"], changed["digits"][0]["none"]) == ("1", None)


def test_evidence_is_added_to_the_odds() -> None:
    """Evidence of ln(9) for the second of two classes turns 90 to 10 % into 50 to 50 %."""
    known, none = np.array([[0.9, 0.1]]), np.array([0.5])
    probabilities, doubt = combined(known, none, np.array([[0, np.log(9)]]))
    assert probabilities == pytest.approx(np.array([[0.5, 0.5]]))
    assert doubt == pytest.approx([0.5 / (0.5 + 0.9)])


def test_the_nearest_example_of_a_class_counts_once(examples: Examples) -> None:
    """The same image twice is no more evidence than once: `EVIDENCE` for its own class."""
    image = np.frombuffer(pixels(7), np.uint8).reshape(1, 28, 28)
    for name in ("1/a.png", "1/b.png"):
        examples.add(name, pixels(7), 1)
    assert examples.evidence(image)[0, :3] == pytest.approx([0, EVIDENCE, 0], rel=1e-4)


def test_the_oldest_example_is_forgotten(
    examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are at most `MAX_EXAMPLES`, the newest ones."""
    monkeypatch.setattr("app.teaching.MAX_EXAMPLES", 9)
    examples.add("1/first.png", pixels(7), 1)
    for number in range(9):
        examples.add(f"2/{number}.png", pixels(2), 2)
    image = np.frombuffer(pixels(7), np.uint8).reshape(1, 28, 28)
    assert len(examples) == 9
    assert examples.evidence(image)[0, 1] == 0
