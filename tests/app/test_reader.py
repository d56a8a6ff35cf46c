import pytest

from app.reader import Reader
from tests.app.conftest import drawn, encoded, images_in

pytestmark = pytest.mark.slow


def test_recognises_a_row(reader: Reader) -> None:
    """The answers come left to right, each with its box in the file's pixels and its image."""
    content = encoded(drawn(9, 4).resize((1200, 600)))
    reading = reader.recognise(content)
    assert reading.reason == ""
    assert [answer.digit for answer in reading.answers] == [9, 4]
    assert [answer.box.left // 600 for answer in reading.answers] == [0, 1]
    assert reading.answers[0].box.height == pytest.approx(0.82 * 600, abs=30)
    assert (reading.answers[1].image == images_in(content)[1]).all()
    assert reading.answers[0].runner_up != 9


def test_a_rejected_picture_has_no_answers(reader: Reader) -> None:
    """A blank sheet is never given to the model."""
    reading = reader.recognise(encoded(drawn(3, ink="white")))
    assert (reading.answers, reading.reason) == ([], "the sheet is blank")
