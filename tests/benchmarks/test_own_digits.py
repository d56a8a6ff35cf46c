from pathlib import Path

import numpy as np
import pytest

from app.models import COMMITTED
from app.reader import Reader
from benchmarks.kinds import KINDS, NO_DIGIT
from benchmarks.labelled_folder import labelled_folder
from benchmarks.own_digits import REFUSED, print_group, print_refused, print_row
from stages.shared.arrays import LabelledImages
from stages.shared.cli import StageError
from tests.app.conftest import drawn, encoded, images_in
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


def test_a_group_has_a_row_for_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """A table has the kinds, all of them together, and how many sure readings are right."""
    (image,) = images_in(encoded(drawn(2)))
    data = LabelledImages(image[np.newaxis, ..., np.newaxis], np.array([2], np.uint8))
    print_group(Reader(PROJECT / COMMITTED), "edges", {"drawings": data}, 1, failures=None)
    header, _, *rows, everything, sure = capsys.readouterr().out.splitlines()
    assert header == "| edges | drawings |"
    assert [row.split(" | ")[0] for row in rows] == [f"| {kind}" for kind in KINDS["edges"]]
    assert everything.startswith("| all of these | ")
    assert sure.startswith("| readings with a confidence of at least 90 %: number, and share right")


def test_refused_pictures_have_all_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digits that are like themselves have an AUROC of 0.5; blank sheets are told from them."""
    blank = encoded(drawn(2, ink="white"))
    monkeypatch.setitem(KINDS, NO_DIGIT, {"blank sheet": lambda random: blank})
    (image,) = images_in(encoded(drawn(2)))
    data = LabelledImages(image[np.newaxis, ..., np.newaxis], np.array([2], np.uint8))
    print_refused(Reader(PROJECT / COMMITTED), data, 2, failures=None)
    header, _, digits, _, others = capsys.readouterr().out.splitlines()
    assert header == f"| {' | '.join(REFUSED)} |"
    assert digits.startswith("| validation digits | 0.00 % | 0.5000 | 0.00 % | ")
    assert others == f"| blank sheet | 100.00 % | 1.0000 | {' | '.join(['100.00 %'] * 5)} |"


def test_the_documented_tables_have_all_rows() -> None:
    """docs/own-digits.md has a row for each kind of picture and a column for each measure."""
    text = (PROJECT / "docs" / "own-digits.md").read_text()
    for kind in [kind for group in KINDS.values() for kind in group]:
        assert f"\n| {kind} | " in text
    assert f"\n| {' | '.join(REFUSED)} |\n" in text
