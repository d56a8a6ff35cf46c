from pathlib import Path

import pytest

from pictures.labelled import Labelled, has_folder, labelled


def test_what_counts_and_what_does_not(tmp_path: Path) -> None:
    """Pictures in folders of the classes count; hidden files are passed over, all else is named."""
    for name in ("b/B.JPG", "b/a.png", "b/.a.png.tmp", "b/.a.png", "b/note.txt", "c/a.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    for name in (".gitkeep", "a.png"):
        (tmp_path / name).touch()
    assert list(labelled(tmp_path, ("a", "b"))) == [
        Labelled(tmp_path / "a.png", "", f"not in a folder of its label, such as {tmp_path}/a"),
        Labelled(tmp_path / "b" / "B.JPG", "b"),
        Labelled(tmp_path / "b" / "a.png", "b"),
        Labelled(tmp_path / "b" / "note.txt", "b", "not the name of a picture"),
        Labelled(tmp_path / "c", "", "no class of the data set, expected one of a, b"),
    ]


@pytest.mark.parametrize(
    ("label", "expected"),
    [("ankle boot", True), ("7", True), ("T-shirt/top", False), ("..", False), (".git", False)],
)
def test_which_labels_have_a_folder(label: str, expected: bool) -> None:
    """A path is no name of a folder, and a hidden folder would be passed over."""
    assert has_folder(label) == expected
