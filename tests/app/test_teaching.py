import copy
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.classes import DIGITS
from app.models import ROWS
from app.reader import Reader
from app.tasks import recognise_picture
from app.teaching import EVIDENCE, Examples, FeatureNetwork, combined
from app.why import as_data_url
from pictures.arrays import UInt8Array
from tests.app.conftest import drawn, encoded, images_in
from tests.conftest import PROJECT


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
    examples.remove("1/never-there.png")
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


def test_the_oldest_example_is_forgotten() -> None:
    """There are at most 500, the newest ones."""
    examples = Examples(DIGITS, one_hot)
    examples.add("1/first.png", level(7).tobytes(), 1)
    for number in range(499):
        examples.add(f"2/{number}.png", level(2).tobytes(), 2)
    assert examples.evidence(level(7)[np.newaxis])[0, 1] > 0
    examples.add("2/last.png", level(2).tobytes(), 2)
    assert len(examples) == 500
    assert examples.evidence(level(7)[np.newaxis])[0, 1] == 0


@pytest.mark.parametrize(
    ("similarity", "nats"), [(1.0, 22), (0.9, 22 * np.exp(-1.5)), (0.85, 2.319), (0.83, 0)]
)
def test_evidence_falls_with_the_similarity(similarity: float, nats: float) -> None:
    """By e for each 15th that is missing; below 2 nats, at 0.84, there is none."""
    features = np.array([[1, 0], [similarity, np.sqrt(1 - similarity**2)]], np.float32)
    examples = Examples(DIGITS, lambda images: features[images[:, 0, 0]])
    examples.add("3/a.png", level(0).tobytes(), 3)
    assert examples.evidence(level(1)[np.newaxis])[0, 3] == pytest.approx(nats, rel=1e-3)


def one_hot(images: UInt8Array) -> NDArray[np.float32]:
    """Give features of images of one level: alike for the same level, and else nothing alike."""
    return np.eye(10, dtype=np.float32)[images[:, 0, 0]]


def level(digit: int) -> UInt8Array:
    return np.full((28, 28), digit, np.uint8)


def digit_of(digit: int, confidence: float, none: float | None) -> dict[str, Any]:
    """Return a digit of an answer; what is left of the confidence is shared by the others."""
    probabilities = [(1 - confidence) / 9] * 10
    probabilities[digit] = confidence
    return {
        "digit": digit,
        "name": str(digit),
        "confidence": confidence,
        "probabilities": probabilities,
        "none": none,
        "image": as_data_url(level(digit)),
    }


@pytest.mark.parametrize(
    ("others", "confidence", "is_accepted"),
    [
        # At least a half that it is the digit, at most 0.8 that it is none, 0.3 for the row.
        ([(0.5, 0.0)], 0.4, True),
        ([(0.5, None)], 0.4, True),
        ([(0.5, 0.8)], 0.4, True),
        ([(0.49, 0.0)], 0.4, False),
        ([(0.5, 0.81)], 0.4, False),
        ([(0.5, 0.0)], 0.26, False),
        ([(0.5, 0.0)], 0.28, True),
        ([(0.8, 0.0), (0.8, 0.0)], 0.26, False),
        # A single digit that was corrected is taken whatever was thought of it.
        ([], 0.1, True),
    ],
)
def test_what_a_correction_makes_of_a_refused_picture(
    others: list[tuple[float, float | None]], confidence: float, is_accepted: bool
) -> None:
    """A seven, 0.9 before, is a one for sure; the confidence in the whole rises by a ninth."""
    examples = Examples(DIGITS, one_hot)
    examples.add("1/a.png", level(7).tobytes(), 1)
    digits = [digit_of(7, 0.9, 0.0), *(digit_of(4, *other) for other in others)]
    text = ",".join(digit["name"] for digit in digits)
    answer = {"digits": digits, "text": text, "confidence": confidence, "reason": "unsure"}
    changed = examples.adjusted(answer)
    assert changed["text"] == text.replace("7", "1")
    assert changed["confidence"] == pytest.approx(confidence / 0.9, rel=1e-4)
    assert changed["reason"] == ("" if is_accepted else "unsure")
    assert changed["digits"][1:] == digits[1:]
    assert (answer["text"], digits[0]["digit"]) == (text, 7)


def test_a_row_is_no_surer_than_its_digits() -> None:
    """A correction says nothing about the digit beside it, of which nobody was sure."""
    examples = Examples(DIGITS, one_hot)
    examples.add("1/a.png", level(7).tobytes(), 1)
    digits = [digit_of(7, 0.9, 0.0), digit_of(4, 0.5, 0.0)]
    answer = {"digits": digits, "text": "74", "confidence": 0.7, "reason": ""}
    assert examples.adjusted(answer)["confidence"] == pytest.approx(0.5, rel=1e-4)


def test_a_network_without_features_is_refused() -> None:
    """The row network has no flattened layer, from which features could be taken."""
    path = PROJECT / ROWS
    with pytest.raises(ValueError) as error:  # noqa: PT011 - its words are compared
        FeatureNetwork(path)
    assert str(error.value) == f"{path} has no layer flatten_1"


def test_features_have_the_length_1() -> None:
    """So their product is the cosine of the angle between them; an empty image has some as well."""
    images = np.stack([np.frombuffer(pixels(7), np.uint8).reshape(28, 28), level(0)])
    features = FeatureNetwork()(images)
    assert features.dtype == np.float32
    assert np.linalg.norm(features, axis=1) == pytest.approx([1, 1])
