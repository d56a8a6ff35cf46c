from pathlib import Path

import pytest

from app.sources import Source, expanded


def test_a_folder_stands_for_its_pictures(tmp_path: Path) -> None:
    """They come sorted in its place; what a system left behind is passed over without a word."""
    for name in ("b.JPG", "a.png", ".DS_Store", ".hidden.png"):
        (tmp_path / name).touch()
    assert [*expanded(["x.png", str(tmp_path), "-", "no/y.png"])] == [
        Source("x.png"),
        Source(f"{tmp_path}/a.png"),
        Source(f"{tmp_path}/b.JPG"),
        Source("-"),
        Source("no/y.png"),
    ]


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["n.txt"], "1 in this folder not read: 'n.txt'"),
        (["c", "a b", "d\n"], "3 in this folder not read: 'a b', 'c', 'd\\n'"),
        (["d", "c", "b", "a"], "4 in this folder not read: 'a', 'b', 'c', ..."),
    ],
)
def test_the_rest_of_a_folder_is_counted(tmp_path: Path, names: list[str], line: str) -> None:
    """One line after the pictures says how many others there are, and names the first three."""
    for name in (*names, "z.png", ".hidden"):
        (tmp_path / name).touch()
    assert [*expanded([str(tmp_path)])] == [
        Source(f"{tmp_path}/z.png"),
        Source(str(tmp_path), line),
    ]


def test_a_folder_without_pictures_is_an_error_of_its_own(tmp_path: Path) -> None:
    """Neither an empty folder nor one of texts is passed over, and what follows is still read."""
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "n.txt").touch()
    (tmp_path / "empty").mkdir()
    reason = "a folder without pictures"
    folders = [str(texts), str(tmp_path / "empty")]
    assert [*expanded([*folders, "x.png"])] == [
        *(Source(folder, reason) for folder in folders),
        Source("x.png"),
    ]


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error with the system's reason, and what follows is still read."""

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert [*expanded([str(tmp_path), "x.png"])] == [
        Source(str(tmp_path), "Permission denied"),
        Source("x.png"),
    ]


def test_a_dash_is_standard_input_even_beside_such_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name has one meaning; an empty name is no folder either, though Python takes it so."""
    (tmp_path / "-").mkdir()
    (tmp_path / "-" / "a.png").touch()
    monkeypatch.chdir(tmp_path)
    assert [*expanded(["-", "./-", ""])] == [Source("-"), Source("-/a.png"), Source("")]
