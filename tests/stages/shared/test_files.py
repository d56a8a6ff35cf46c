import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from stages.shared.cli import StageError
from stages.shared.files import read_csv, read_json, replacing, write_csv, write_figure, write_json

TEXTS = st.text("aN7 ,.'\"\\é日", max_size=5)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.dictionaries(
    TEXTS,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner),
        max_leaves=8,
    ),
    max_size=4,
)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """An error during a write keeps the old file and leaves no temporary file."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), replacing(path) as file:
        file.write(b"half of the ne" + None)  # type: ignore[operator]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path: Path) -> None:
    """The temporary file is gone, and no user has heard of it."""
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="Is a directory") as caught, replacing(tmp_path / "file"):
        pass
    assert caught.value.filename == str(tmp_path / "file")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_csv_and_json_bytes_by_hand(tmp_path: Path) -> None:
    """Floats have six decimals, and lines have Unix endings."""
    write_csv(tmp_path / "a.csv", pd.DataFrame({"epoch": [1], "loss": [1 / 3]}))
    assert (tmp_path / "a.csv").read_bytes() == b"epoch,loss\n1,0.333333\n"
    write_json(tmp_path / "a.json", {"a": {"b": 2 / 3, "c": 1}})
    assert (
        tmp_path / "a.json"
    ).read_text() == '{\n  "a": {\n    "b": 0.666667,\n    "c": 1\n  }\n}\n'


def _same(found: Any, written: Any) -> bool:
    """Tell whether two contents are the same, in types and order, but for floats' 7th decimal."""
    if type(found) is not type(written):
        return False
    match written:
        case dict():
            pairs = zip(found.items(), written.items(), strict=True)
            return all(a == b and _same(x, y) for (a, x), (b, y) in pairs)
        case list():
            return all(_same(x, y) for x, y in zip(found, written, strict=True))
        case float():
            return math.isclose(found, written, rel_tol=1e-15, abs_tol=0.500001e-6)
    return bool(found == written)


@given(content=JSON)
def test_json_comes_back(tmp_path: Path, content: dict[str, Any]) -> None:
    """Lists, texts, numbers and nothing stay what they are, at any depth and in their order."""
    write_json(tmp_path / "a.json", content)
    assert _same(read_json(tmp_path / "a.json"), content)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("nested", [False, True])
def test_a_number_that_json_lacks_is_never_written(
    tmp_path: Path, number: float, nested: bool
) -> None:
    """Other programs could not read the file: the old one stays."""
    path = tmp_path / "a.json"
    write_json(path, {"loss": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"losses": [{"loss": number}]} if nested else {"loss": number})
    assert json.loads(path.read_text()) == {"loss": 0.5}
    assert list(tmp_path.iterdir()) == [path]


@given(
    rows=st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.floats(-1e9, 1e9),
            TEXTS.filter(bool),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_csv_comes_back(tmp_path: Path, rows: list[tuple[int, float, str]]) -> None:
    """Whole numbers and texts with commas, quotes and spaces stay; floats have six decimals."""
    table = pd.DataFrame(rows, columns=["count", "loss", "name, with a comma"])
    write_csv(tmp_path / "a.csv", table)
    found = pd.read_csv(
        tmp_path / "a.csv", dtype={"name, with a comma": str}, keep_default_na=False
    )
    assert found.columns.tolist() == table.columns.tolist()
    assert found["count"].tolist() == table["count"].tolist()
    assert found["name, with a comma"].tolist() == table["name, with a comma"].tolist()
    assert found["loss"].tolist() == pytest.approx(table["loss"].tolist(), rel=1e-15, abs=0.51e-6)


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
    for content in ("", "{", "\ufeff{}", "[" * 100_000):
        (tmp_path / "a").write_text(content, encoding="utf-8")
        with pytest.raises(StageError, match="expected JSON; delete the file"):
            read_json(tmp_path / "a")
