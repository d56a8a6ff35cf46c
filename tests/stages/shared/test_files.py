from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from stages.shared.cli import StageError
from stages.shared.files import read_csv, read_json, replacing, write_csv, write_figure, write_json


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """An error during a write keeps the old file and leaves no temporary file."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), replacing(path) as file:
        file.write(b"half of the ne" + None)  # type: ignore[operator]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_csv_and_json_bytes_by_hand(tmp_path: Path) -> None:
    """Floats have six decimals, and lines have Unix endings."""
    write_csv(tmp_path / "a.csv", pd.DataFrame({"epoch": [1], "loss": [1 / 3]}))
    assert (tmp_path / "a.csv").read_bytes() == b"epoch,loss\n1,0.333333\n"
    write_json(tmp_path / "a.json", {"a": {"b": 2 / 3, "c": 1}})
    assert (
        tmp_path / "a.json"
    ).read_text() == '{\n  "a": {\n    "b": 0.666667,\n    "c": 1\n  }\n}\n'


def test_figures_carry_no_date_or_version(tmp_path: Path) -> None:
    """A written PNG has no text or time chunk."""
    write_figure(tmp_path / "a.png", Figure(figsize=(1, 1)))
    content = (tmp_path / "a.png").read_bytes()
    assert not any(chunk in content for chunk in (b"tEXt", b"iTXt", b"tIME"))


def test_refuses_damaged_csv_and_json(tmp_path: Path) -> None:
    """A file that is not valid CSV or JSON is refused."""
    (tmp_path / "a").write_text("")
    with pytest.raises(StageError, match="expected CSV; delete the file"):
        read_csv(tmp_path / "a")
    with pytest.raises(StageError, match="expected JSON; delete the file"):
        read_json(tmp_path / "a")
