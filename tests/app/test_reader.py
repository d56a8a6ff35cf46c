import pytest

from app.reader import LEAST_CONFIDENCE, Answer, Reader, confidence_fault
from app.strokes import Box
from tests.app.conftest import drawn, encoded
from tests.app.test_image import _images

pytestmark = pytest.mark.slow


def test_reads_a_row(reader: Reader) -> None:
    """Digits, boxes in the file's pixels, and the 28x28 of each, left to right."""
    content = encoded(drawn(9, 4).resize((1200, 600)))
    reading = reader.read(content)
    assert [answer.digit for answer in reading.answers] == [9, 4]
    assert [answer.box.left // 600 for answer in reading.answers] == [0, 1]
    assert reading.answers[0].box.height == pytest.approx(0.82 * 600, abs=30)
    assert (reading.answers[1].image == _images(content)[1]).all()
    assert reading.answers[0].runner_up != 9


def test_confidence_decides() -> None:
    """The least sure digit of a row decides."""

    def answer(confidence: float) -> Answer:
        image = _images(encoded(drawn(1)))[0]
        return Answer(1, confidence, [confidence] * 10, Box(0, 0, 1, 1), image)

    assert confidence_fault([answer(1), answer(LEAST_CONFIDENCE)]) == ""
    assert "only 30% sure" in confidence_fault([answer(1), answer(0.3)])
