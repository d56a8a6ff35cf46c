from pathlib import Path

import pytest

from benchmarks import hard_pictures, non_digits
from benchmarks.own_digits import THRESHOLDS, labelled_folder, print_row
from stages.shared.cli import StageError
from tests.app.conftest import drawn
from tests.conftest import PROJECT


def test_reads_labels_from_names(tmp_path: Path) -> None:
    """Images are loaded in the order of their names, in the model's input shape."""
    drawn(7).save(tmp_path / "7-b.png")
    drawn(3).save(tmp_path / "3-a.jpg")
    (tmp_path / "notes.txt").write_text("ignored")
    data = labelled_folder(tmp_path)
    assert data.labels.tolist() == [3, 7]
    assert data.images.shape == (2, 28, 28, 1)


@pytest.mark.parametrize(
    ("name", "ink", "message"),
    [
        ("3-blank.png", "white", "3-blank.png: found no digit, the sheet is blank; expected"),
        ("three.png", "black", "three.png: found no label; expected a digit, with its label"),
        ("3.txt", "black", "found no picture"),
    ],
)
def test_refuses_other_folders(tmp_path: Path, name: str, ink: str, message: str) -> None:
    """The error names the file that cannot be used, or says that there is none."""
    drawn(3, ink=ink).save(tmp_path / name, "PNG")
    with pytest.raises(StageError, match=message):
        labelled_folder(tmp_path)


def test_rows_are_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    """A share is printed as a percentage with two decimals; text is unchanged."""
    print_row("as PNG files", 0.9965)
    assert capsys.readouterr().out == "| as PNG files | 99.65 % |\n"


def test_the_documented_tables_have_all_rows() -> None:
    """docs/own-digits.md has a row for each kind of picture and a column for each threshold."""
    text = (PROJECT / "docs" / "own-digits.md").read_text()
    for kind in [*hard_pictures.KINDS, *non_digits.KINDS]:
        assert f"\n| {kind} | " in text
    columns = " | ".join(f"{100 * value:.0f} %" for value in THRESHOLDS)
    assert f"| rejected at a confidence below | {columns} |" in text
