from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.models import COMMITTED
from app.reader import Answer, Reader
from benchmarks.failures import TILE, caption, save_failures
from benchmarks.kinds import Sample
from benchmarks.readings import Result, auroc, calibration, read_all, share_right
from pictures.box import Box
from tests.app.conftest import drawn, encoded
from tests.conftest import PROJECT


def result(
    labels: str, found: str, confidence: float = 0.95, reason: str = "", none: float = 0.1
) -> Result:
    """Return the result for a picture in which these digits were found."""
    box, image = Box(0, 0, 9, 9), np.zeros((28, 28), np.uint8)
    answers = [Answer(int(d), confidence, [0.1] * 10, none, box, image) for d in found]
    sample = Sample(encoded(Image.new("L", (40, 30))), [int(digit) for digit in labels])
    return Result(sample, answers, confidence if found else 0, reason)


def test_a_reading_is_right_as_a_whole() -> None:
    """All digits of a row must be right; a picture without a digit must be refused."""
    assert result("12", "12").is_right
    assert not result("12", "13").is_right
    assert not result("1", "11").is_right
    assert not result("1", "1", reason="most likely a 1, but").is_right
    assert result("", "1", reason="most likely a 1, but").is_right
    assert not result("", "1").is_right


def test_shares_are_counted() -> None:
    """Two of three are right; of the two that the reader is sure of and gives, one is."""
    results = [result("1", "1"), result("2", "2", 0.6), result("3", "8", 0.9)]
    assert share_right(results) == pytest.approx(2 / 3)
    assert calibration([*results, result("4", "", reason="the sheet is blank")]) == (2, 0.5)
    assert np.isnan(calibration([result("1", "1", 0.5)])[1])


def test_auroc_by_hand() -> None:
    """Of six pairs of a picture and a digit the score orders four right, and one is a draw."""
    digits = [result("1", "1", none=0.1), result("23", "23", none=0.4), result("5", "", none=0.9)]
    others = [result("", "8", none=0.4), result("", "6", reason="most likely a 6, but", none=0.9)]
    assert [each.none for each in digits] == [0.1, 0.4, 1]
    assert auroc(digits, others) == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 0) / 6)
    assert auroc(digits, digits) == 0.5


def test_pictures_are_read() -> None:
    """A drawn digit is read, and an empty sheet has no confidence."""
    samples = [Sample(encoded(drawn(3)), [3]), Sample(encoded(Image.new("L", (99, 99))), [])]
    digit, empty = read_all(Reader(PROJECT / COMMITTED), samples)
    assert digit.is_right
    assert digit.confidence > 0.9
    assert (empty.digits, empty.confidence, empty.is_right) == ([], 0, True)


def test_failures_say_what_was_found() -> None:
    """A caption has what was expected, then what was found or why it was refused."""
    assert caption(result("12", "13")) == "12\nfound 13 (95 %)"
    assert caption(result("", "7")) == "no digit\nfound 7 (95 %)"
    assert caption(result("5", "", reason="the sheet is blank")) == "5\nthe sheet is blank"


def test_failures_are_drawn(tmp_path: Path) -> None:
    """A sheet has a tile for each failure, ten in a row; without one there is no file."""
    save_failures([result("1", "1")] + [result("1", "2")] * 12, tmp_path, "edges, 16x16")
    with Image.open(tmp_path / "edges-16x16.png") as sheet:
        assert sheet.size == (10 * TILE[0], 2 * TILE[1])
    save_failures([result("1", "1")], tmp_path, "none")
    assert not (tmp_path / "none.png").exists()
