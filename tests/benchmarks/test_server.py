import re
import sys

import pytest

from app.models import COMMITTED
from app.reader import Reader
from benchmarks import server
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


def test_the_drawing_is_a_three() -> None:
    """The picture that the benchmark sends is recognised, so that all steps are measured."""
    reading = Reader(PROJECT / COMMITTED).recognise(server.drawing())
    assert [answer.digit for answer in reading.answers] == [3]
    assert reading.reason == ""


def test_measures_each_number_of_clients(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table has a row of whole numbers for 1, 8 and 20 clients."""
    monkeypatch.setattr(sys, "argv", ["benchmarks.server", "--seconds", "0.2"])
    server.main()
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [re.sub(r"\d+", "0", row) for row in rows] == ["| 0 | 0 | 0 | 0 |"] * 3
    assert [row.split()[1] for row in rows] == ["1", "8", "20"]
