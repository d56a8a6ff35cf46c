"""Folders that are no data set: each is refused in one line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.folder import check_classes
from stages.idx import RAW_NAMES, to_idx
from stages.shared.arrays import LabelledImages
from stages.shared.cli import StageError
from stages.shared.dataset import NAMES
from tests.stages.folders import fill, run_download, write_idx_folder

Spoil = Callable[[Path], object]


def damaged_gzip(folder: Path) -> None:
    """Replace a file with the beginning of a compressed one."""
    (folder / RAW_NAMES[0]).unlink()
    (folder / f"{RAW_NAMES[0]}.gz").write_bytes(b"\x1f\x8b\x08")


def emptied(folder: Path) -> None:
    """Replace a folder with an empty one."""
    folder.rename(folder.parent / "gone")
    folder.mkdir()


def relabelled(labels: list[int]) -> Spoil:
    """Return a function that replaces the training labels of an IDX folder."""
    content = to_idx(np.array(labels, np.uint8))
    return lambda folder: (folder / RAW_NAMES[1]).write_bytes(content)


BAD_IDX: dict[str, tuple[Spoil, str]] = {
    "a file is missing": (
        lambda folder: (folder / RAW_NAMES[3]).unlink(),
        "own: found no t10k-labels-idx1-ubyte, plain or .gz, expected it beside "
        "train-images-idx3-ubyte; put",
    ),
    "an empty file": (
        lambda folder: (folder / RAW_NAMES[0]).write_bytes(b""),
        "train-images-idx3-ubyte: found an empty file, expected an IDX file; put",
    ),
    "a shape of no array": (
        lambda folder: (folder / RAW_NAMES[0]).write_bytes(
            bytes.fromhex("00000803 00000000 ffffffff ffffffff")
        ),
        "train-images-idx3-ubyte: found the shape (0, 4294967295, 4294967295), expected one that "
        "an array can have; put",
    ),
    "another magic number": (
        lambda folder: (folder / RAW_NAMES[0]).write_bytes(bytes.fromhex("00000d03")),
        "train-images-idx3-ubyte: found the magic number 00000d03, expected 00000803; put",
    ),
    "labels in place of images": (
        lambda folder: (folder / RAW_NAMES[0]).write_bytes((folder / RAW_NAMES[1]).read_bytes()),
        "train-images-idx3-ubyte: found the magic number 00000801, expected 00000803; put",
    ),
    "a truncated file": (
        lambda folder: (folder / RAW_NAMES[0]).write_bytes(
            (folder / RAW_NAMES[0]).read_bytes()[:-1]
        ),
        "train-images-idx3-ubyte: found 156,815 bytes, expected 156,816 for the shape "
        "(200, 28, 28); put",
    ),
    "truncated labels": (
        lambda folder: (folder / RAW_NAMES[1]).write_bytes(
            (folder / RAW_NAMES[1]).read_bytes()[:-1]
        ),
        "train-labels-idx1-ubyte: found 207 bytes, expected 208 for the shape (200,); put",
    ),
    "images of another size": (
        lambda folder: (folder / RAW_NAMES[0]).write_bytes(
            to_idx(np.zeros((200, 32, 32), np.uint8))
        ),
        r"train-images-idx3-ubyte: found images of (32, 32) pixels, expected (28, 28); put",
    ),
    "a label is missing": (
        relabelled([n % 10 for n in range(199)]),
        "train-labels-idx1-ubyte: found 199 labels, expected 200, one per image; put",
    ),
    "a gap between the labels": (
        relabelled([1 + n % 9 for n in range(200)]),
        "own: found training images: 0 of 0, expected at least 2 of each class; put",
    ),
    "a damaged .gz": (
        damaged_gzip,
        "train-images-idx3-ubyte.gz: found Compressed file ended before the end-of-stream marker "
        "was reached, expected a gzip file; put",
    ),
    "too few names": (
        lambda folder: (folder / "classes.txt").write_text("one\ntwo\n"),
        "classes.txt: found 2 names, expected 10, because there is the label 9; put",
    ),
    "a name is missing": (
        lambda folder: (folder / "classes.txt").write_text("\n".join("abcdefghi")),
        "classes.txt: found 9 names, expected 10, because there is the label 9; put",
    ),
    "a name twice": (
        lambda folder: (folder / "classes.txt").write_text("\n".join("abcdefghba")),
        "classes.txt: found the name a twice, expected a different one for each class; put",
    ),
    "a name more": (
        lambda folder: (folder / "classes.txt").write_text("\n".join("abcdefghijk")),
        "own: found training images: 0 of k, expected at least 2 of each class; put",
    ),
    "names in another encoding": (
        lambda folder: (folder / "classes.txt").write_bytes(b"\xff\xfe"),
        "classes.txt: found invalid start byte at byte 0, expected UTF-8; put",
    ),
}


REMEDIES = (
    "; put it right and type `dvc repro`",
    f"; set download.dataset to its path, or to one of {', '.join(NAMES)}",
    "; rename the folder, or set download.dataset to mnist",
)


def check_refused(folder: Path, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make sure that the stage refuses a folder in one line that says what to do."""
    raw = folder.parent / "raw"
    with pytest.raises(StageError) as caught:
        run_download(str(folder), raw, monkeypatch)
    line = str(caught.value)
    assert line.removeprefix(f"{folder.parent}/").removeprefix("own/").startswith(message)
    assert line.endswith(REMEDIES)
    assert "\n" not in line
    assert not raw.exists()


@pytest.mark.parametrize(("spoil", "message"), BAD_IDX.values(), ids=BAD_IDX)
def test_refuses_bad_idx_folders(
    spoil: Spoil,
    message: str,
    tmp_path: Path,
    random_images: LabelledImages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each fault is one line, and nothing is written."""
    folder = write_idx_folder(tmp_path / "own", random_images)
    spoil(folder)
    check_refused(folder, message, monkeypatch)


def all_unreadable(folder: Path) -> None:
    for path in (folder / "b").iterdir():
        path.write_bytes(b"")


def train_and_test(**counts: dict[str, int]) -> Spoil:
    """Return a function that moves to train and test, with so many pictures of each class."""

    def spoil(folder: Path) -> None:
        folder.rename(folder.parent / "before")
        for split, classes in counts.items():
            fill(folder / split, classes)

    return spoil


BAD_PICTURES: dict[str, tuple[Spoil, str]] = {
    "no such folder": (
        lambda folder: folder.rename(folder.parent / "gone"),
        "own: found no such folder, expected a folder with pictures or IDX files; set download",
    ),
    "a file": (
        lambda folder: (folder.rename(folder.parent / "gone"), folder.write_text("x")),
        "own: found a file, expected a folder with pictures or IDX files; set",
    ),
    "an empty folder": (
        emptied,
        "own: found no folders in it, expected a folder of pictures for each class; put",
    ),
    "one class": (
        lambda folder: (folder / "b").rename(folder / ".b"),
        "own: found one class, a, expected 2 to 256; put",
    ),
    "too many classes": (
        lambda folder: fill(folder, {f"{n}": 3 for n in range(256)}),
        "own: found 258 classes, expected 2 to 256; put",
    ),
    "an empty class": (
        lambda folder: (folder / "c").mkdir(),
        "c: found no readable picture, expected some, or no such folder",
    ),
    "nothing readable": (
        all_unreadable,
        "b: found no readable picture, expected some, or no such folder; put",
    ),
    "too few pictures to split": (
        lambda folder: (folder / "b" / "000.png").unlink(),
        "own: found 2 different pictures of b, expected at least 3 of each class; put",
    ),
    "too few different pictures to split": (
        lambda folder: (folder / "b" / "000.png").write_bytes(
            (folder / "b" / "001.png").read_bytes()
        ),
        "own: found 2 different pictures of b, expected at least 3 of each class; put",
    ),
    "a name that cannot be printed": (
        lambda folder: (folder / "b").rename(folder / "b\n"),
        r"own: found the class 'b\n', expected different names that can be printed; put",
    ),
    "a class that is not tested": (
        train_and_test(train={"a": 3, "b": 3}, test={"a": 3}),
        "own: found the class b in train alone, expected pictures of it in test; put",
    ),
    "a class that is not trained": (
        train_and_test(train={"a": 3, "b": 3}, test={"a": 1, "b": 1, "c": 1}),
        "own: found the class c in test alone, expected pictures of it in train; put",
    ),
    "one picture to train on": (
        train_and_test(train={"a": 1, "b": 3}, test={"a": 1, "b": 1}),
        "own: found training images: 1 of a, expected at least 2 of each class; put",
    ),
    "a folder beside train and test": (
        train_and_test(train={"a": 3, "b": 3}, test={"a": 1, "b": 1}, valid={"a": 1}),
        "own: found valid beside train and test, expected these two folders alone; put",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), BAD_PICTURES.values(), ids=BAD_PICTURES)
def test_refuses_bad_folders_of_pictures(
    spoil: Spoil, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fault is one line, and nothing is written."""
    folder = fill(tmp_path / "own", {"a": 3, "b": 3})
    spoil(folder)
    check_refused(folder, message, monkeypatch)


def test_refuses_a_folder_with_a_published_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No own pictures can be scored under the name of a published set."""
    folder = fill(tmp_path / "mnist", {"a": 3, "b": 3})
    message = "mnist: found the name of a published data set, expected another; rename the folder"
    check_refused(folder, message, monkeypatch)


def made_of(counts: list[int]) -> dict[str, LabelledImages]:
    """Return a training set with so many images of each class."""
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.uint8)
    return {"train": LabelledImages(np.zeros((len(labels), 28, 28, 1), np.uint8), labels)}


@pytest.mark.parametrize(
    ("classes", "counts", "message"),
    [
        (tuple(map(str, range(257))), [2] * 257, "257 classes, expected 2 to 256; put"),
        (("a", "b", "a"), [2] * 3, "the class 'a', expected different names that can be printed;"),
        (("a", " "), [2] * 2, "the class ' ', expected different names that can be printed;"),
        (tuple("abcde"), [1] * 5, "training images: 1 of a, 1 of b, 1 of c, 1 of d, 1 of e, exp"),
        (tuple("abcdef"), [1] * 6, "training images: 1 of a, 1 of b, 1 of c, 1 of d, 1 of e, …, "),
    ],
)
def test_refuses_classes(classes: tuple[str, ...], counts: list[int], message: str) -> None:
    """Too many, of one name or of none; of many without images the first five are named."""
    with pytest.raises(StageError) as caught:
        check_classes(Path("own"), classes, made_of(counts))
    assert str(caught.value).startswith(f"own: found {message}")


def test_takes_as_many_classes_as_labels_can_tell() -> None:
    """A label is a byte, so there may be 256."""
    check_classes(Path("own"), tuple(map(str, range(256))), made_of([2] * 256))
