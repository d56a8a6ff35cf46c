from pathlib import Path

import pytest

from benchmarks.own_digits import labelled_folder
from stages.command import StageError
from tests.app.conftest import drawn


def test_reads_labels_from_names(tmp_path: Path) -> None:
    """The pictures in the order of their names, as the model would see them."""
    drawn(7).save(tmp_path / "7-b.png")
    drawn(3).save(tmp_path / "3-a.jpg")
    (tmp_path / "notes.txt").write_text("not looked at")
    data = labelled_folder(tmp_path)
    assert data.labels.tolist() == [3, 7]
    assert data.images.shape == (2, 28, 28, 1)


@pytest.mark.parametrize(
    ("name", "ink", "message"),
    [
        ("3-blank.png", "white", "3-blank.png: found no digit, the sheet is blank; expected"),
        ("three.png", "black", "three.png: found no label; expected a digit"),
        ("3.txt", "black", "found no picture"),
    ],
)
def test_refuses_other_folders(tmp_path: Path, name: str, ink: str, message: str) -> None:
    """What cannot be scored is named, with what to do."""
    drawn(3, ink=ink).save(tmp_path / name, "PNG")
    with pytest.raises(StageError, match=message):
        labelled_folder(tmp_path)
