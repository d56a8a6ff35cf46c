import errno
import hashlib
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classes import DIGITS
from app.own_folder import FolderError, LabelError, OwnFolder, Saved

CONTENT = b"a picture"
NAME = f"{hashlib.sha256(CONTENT).hexdigest()[:16]}.png"


@pytest.fixture
def folder(tmp_path: Path) -> OwnFolder:
    """Give a folder that does not exist yet."""
    return OwnFolder(tmp_path / "data" / "own", DIGITS)


def files(folder: OwnFolder) -> dict[str, bytes]:
    """Return each file in the folder, hidden ones too, by its path there."""
    found = (path for path in folder.path.rglob("*") if path.is_file())
    return {path.relative_to(folder.path).as_posix(): path.read_bytes() for path in found}


def test_a_picture_is_saved_once_and_taken_back(folder: OwnFolder) -> None:
    """Saving twice gives one file, named by its content; undo leaves no file and no class."""
    assert folder.save(CONTENT, ".png", "7") == Saved("7", NAME)
    assert folder.save(CONTENT, ".png", "7") == Saved("7", NAME)
    assert files(folder) == {f"7/{NAME}": CONTENT}
    folder.take_back("7", NAME)
    assert list(folder.path.iterdir()) == []
    with pytest.raises(LabelError) as error:
        folder.take_back("7", NAME)
    assert str(error.value) == f"found '{NAME}', expected a picture that this page saved"


def test_a_picture_of_another_class_moves(folder: OwnFolder) -> None:
    """A picture is of the class that it was last saved as, and undo takes it from there."""
    folder.save(CONTENT, ".png", "1")
    folder.save(b"other", ".png", "1")
    assert folder.save(CONTENT, ".png", "7").is_new
    assert sorted(files(folder).values()) == [CONTENT, b"other"]
    assert f"7/{NAME}" in files(folder)
    with pytest.raises(LabelError, match="expected a picture that this page saved"):
        folder.take_back("1", NAME)
    folder.take_back("7", NAME)
    assert list(files(folder).values()) == [b"other"]


@pytest.mark.parametrize("label", ["7", "1"])
def test_what_was_there_before_is_never_deleted(folder: OwnFolder, label: str) -> None:
    """A file of an earlier visit may move to another class, but cannot be taken back."""
    OwnFolder(folder.path, DIGITS).save(CONTENT, ".png", "7")
    assert folder.save(CONTENT, ".png", label) == Saved(label, NAME, is_new=False)
    with pytest.raises(LabelError):
        folder.take_back(label, NAME)
    assert files(folder) == {f"{label}/{NAME}": CONTENT}


def test_a_file_with_the_name_of_another_picture_stays(folder: OwnFolder) -> None:
    """Another content under the same name in another class is no earlier copy of the picture."""
    (folder.path / "1").mkdir(parents=True)
    (folder.path / "1" / NAME).write_bytes(b"other")
    folder.save(CONTENT, ".png", "7")
    assert files(folder) == {f"1/{NAME}": b"other", f"7/{NAME}": CONTENT}


LABELS = ("", ".", "..", "10", "../3", "3/..", "/3", "3\0", "\udcff", "٣")


@given(label=st.one_of(st.sampled_from(LABELS), st.text()).filter(lambda text: text not in DIGITS))
def test_only_a_class_is_a_label(folder: OwnFolder, label: str) -> None:
    """Nothing is written or deleted for a label that is no class."""
    with pytest.raises(LabelError, match=r"\Afound the label .+, expected one of 0, 1, .+\Z"):
        folder.save(CONTENT, ".png", label)
    with pytest.raises(LabelError, match="found the label"):
        folder.take_back(label, NAME)
    assert not folder.path.exists()


# What app.classes takes for the name of a class.
CLASSES = st.one_of(st.sampled_from(LABELS), st.text("./\\ab ", max_size=3), st.text()).filter(
    lambda name: bool(name.strip()) and name.isprintable()
)


@given(label=CLASSES)
def test_a_class_of_any_name_has_a_folder_of_its_own_or_none(tmp_path: Path, label: str) -> None:
    """Whatever a data set calls a class, nothing is written beside the folder of own pictures."""
    folder = OwnFolder(tmp_path / "around" / "own", ("other", label))
    with suppress(LabelError):
        folder.save(CONTENT, ".png", label)
        assert files(folder) == {f"{label}/{NAME}": CONTENT}
        folder.take_back(label, NAME)
    assert list(folder.path.parent.glob("*")) in ([], [folder.path])
    assert list(folder.path.glob("*")) == []


def test_a_class_whose_name_no_folder_can_have(tmp_path: Path) -> None:
    """Also a class's own name must be that of a folder; what is elsewhere stays there."""
    (tmp_path / "shirt").mkdir()
    (tmp_path / "shirt" / NAME).write_bytes(CONTENT)
    longest = "x" * 255
    folder = OwnFolder(tmp_path / "own", ("a boot", longest, "../shirt", longest + "x"))
    for label in folder.classes[:2]:
        assert folder.save(CONTENT, ".png", label).is_new
    for label, found in (("../shirt", "'../shirt'"), (longest + "x", f"'{longest[:59]}")):
        with pytest.raises(LabelError) as error:
            folder.save(CONTENT, ".png", label)
        expected = f"expected one of a boot, {longest}"
        assert str(error.value) == f"found the label {found}, {expected}"
    assert {path.name for path in tmp_path.iterdir()} == {"own", "shirt"}
    assert (tmp_path / "shirt" / NAME).exists()


@pytest.mark.parametrize(
    "name", [f"../3/{NAME}", f"./{NAME}", "mine.png", "", ".", f"{NAME}\n", "x" * 70]
)
def test_only_what_the_page_saved_is_taken_back(folder: OwnFolder, name: str) -> None:
    """Files of other names, and paths to saved ones, are not deleted."""
    folder.save(CONTENT, ".png", "3")
    (folder.path / "3" / "mine.png").write_bytes(b"mine")
    before = files(folder)
    with pytest.raises(LabelError) as error:
        folder.take_back("3", name)
    found = f"found {name!r}"[:66]
    assert str(error.value) == f"{found}, expected a picture that this page saved"
    assert files(folder) == before


@pytest.mark.timeout(20)  # a named pipe would wait for a writer
@pytest.mark.parametrize("kind", ["changed", "link", "folder", "pipe"])
def test_what_was_changed_since_is_not_taken_back(folder: OwnFolder, kind: str) -> None:
    """Undo deletes the picture that was saved, and nothing else that has its name by now."""
    folder.save(CONTENT, ".png", "3")
    file = folder.path / "3" / NAME
    file.unlink()
    if kind == "changed":
        file.write_bytes(b"cropped")
    elif kind == "link":
        file.symlink_to(NAME)
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.mkdir()
    with pytest.raises(FolderError, match=r"\A.+\.png: another file is there; remove it\Z"):
        folder.take_back("3", NAME)
    assert [path.name for path in file.parent.iterdir()] == [NAME]


def test_a_picture_that_is_gone_is_taken_back(folder: OwnFolder) -> None:
    """A picture that somebody has deleted may be taken back, and then be saved anew."""
    folder.save(CONTENT, ".png", "3")
    (folder.path / "3" / NAME).unlink()
    folder.take_back("3", NAME)
    assert list(folder.path.iterdir()) == []
    assert folder.save(CONTENT, ".png", "3").is_new


@pytest.mark.parametrize("place", ["", "3"])
def test_links_are_not_followed(folder: OwnFolder, tmp_path: Path, place: str) -> None:
    """If the folder or that of the class is a link, nothing is written or read where it leads."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "there.png").write_bytes(b"there")
    link = folder.path / place
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(FolderError) as error:
        folder.save(CONTENT, ".png", "3")
    assert str(error.value) == f"{link}: a link; expected a folder to write in"
    assert [path.name for path in elsewhere.iterdir()] == ["there.png"]
    assert folder.pictures() == []


@pytest.mark.parametrize("is_link", [True, False])
def test_another_file_of_the_name_stays(folder: OwnFolder, tmp_path: Path, is_link: bool) -> None:
    """A link, or a file of another content, is not replaced; a link is not read either."""
    target = tmp_path / "target"
    target.write_bytes(CONTENT if is_link else b"other")
    file = folder.path / "3" / NAME
    file.parent.mkdir(parents=True)
    if is_link:
        file.symlink_to(target)
        assert folder.pictures() == []
    else:
        target.rename(file)
    with pytest.raises(FolderError, match=r"\A.+\.png: another file is there; remove it\Z"):
        folder.save(CONTENT, ".png", "3")
    assert file.is_symlink() == is_link
    assert file.read_bytes() == (CONTENT if is_link else b"other")


def test_a_full_disk_leaves_nothing(folder: OwnFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a picture cannot be written whole, neither a part of it nor its class's folder stays."""

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FolderError, match=r"\A.+/own/3: No space left on device; expected .+\Z"):
        folder.save(CONTENT, ".png", "3")
    assert list(folder.path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="not on this system")
def test_no_file_stays_open(folder: OwnFolder) -> None:
    """A server that is taught for days would else run out of them."""
    for label in ("3", "4"):
        folder.save(CONTENT, ".png", label)
    folder.take_back("4", NAME)
    files = (each for each in Path("/proc/self/fd").iterdir() if each.is_symlink())
    assert not [each for each in files if folder.path in each.readlink().parents]


def test_a_file_in_place_of_the_folder(folder: OwnFolder) -> None:
    """A file where the folder should be gives one line, and stays."""
    folder.path.parent.mkdir()
    folder.path.write_text("mine")
    with pytest.raises(FolderError, match=r"\A.+/own: a file; expected a folder to write in\Z"):
        folder.save(CONTENT, ".png", "3")
    assert folder.path.read_text() == "mine"


@pytest.mark.timeout(20)  # a named pipe would wait for a writer
def test_a_named_pipe_in_place_of_a_class(folder: OwnFolder) -> None:
    """It gives one line at once, and stays."""
    folder.path.mkdir(parents=True)
    os.mkfifo(folder.path / "3")
    with pytest.raises(FolderError) as error:
        folder.save(CONTENT, ".png", "3")
    assert str(error.value) == (f"{folder.path}/3: Not a directory; expected a folder to write in")
    assert (folder.path / "3").is_fifo()


def test_pictures_are_listed_with_the_newest_first(folder: OwnFolder) -> None:
    """Only pictures in folders of classes count, whoever put them there."""
    for age, name in enumerate(
        ["4/new.PNG", "3/old.jpg", "3/.hidden.png", "3/note.txt", "x/a.png"]
    ):
        path = folder.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1000 - age, 1000 - age))
    (folder.path / "4" / "folder.png").mkdir()
    found = [(label, path.name) for label, path in folder.pictures()]
    assert found == [("4", "new.PNG"), ("3", "old.jpg")]
