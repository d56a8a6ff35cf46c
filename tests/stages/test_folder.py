"""Data sets in folders of the user's own, good ones and bad ones."""

import gzip
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stages.class_folders import split_classes
from stages.download import main, split_digits
from stages.folder import read_folder
from stages.idx import IDX_FILES, RAW_NAMES, read_idx_split, to_idx
from stages.shared.arrays import LabelledImages, UInt8Array
from stages.shared.cli import StageError
from stages.shared.dataset import DIGITS, NAMES, DataSet, read_dataset


def save(path: Path, image: UInt8Array) -> None:
    """Save an image (H, W) as a picture, in a folder that is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def fill(folder: Path, counts: dict[str, int]) -> Path:
    """Write so many pictures of noise for each class."""
    random = np.random.default_rng(2)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            image = random.integers(0, 256, (28, 28), dtype=np.uint8)
            save(folder / name / f"{index:03}.png", image)
    return folder


def write_idx_folder(folder: Path, data: LabelledImages, suffix: str = "") -> Path:
    """Write the same images as training and test set, plain or as .gz."""
    folder.mkdir(exist_ok=True)
    for names in IDX_FILES.values():
        for name, array in zip(names, (data.images[..., 0], data.labels), strict=True):
            content = to_idx(array)
            packed = gzip.compress(content) if suffix else content
            (folder / f"{name}{suffix}").write_bytes(packed)
    return folder


@pytest.mark.slow
def test_digits_exported_as_pictures_come_back(tmp_path: Path) -> None:
    """Digits in 28x28 pixels, saved as PNG per class in train and test, give the same arrays."""
    digits = split_digits()
    for split, (images, labels) in digits.items():
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            save(tmp_path / "own" / split / str(label) / f"{index:05}.png", image)
    dataset, splits = read_folder(tmp_path / "own")
    assert dataset == DataSet("own", DIGITS)
    for split, (images, labels) in digits.items():
        order = np.argsort(labels, kind="stable")  # by class, then by the name of the file
        np.testing.assert_array_equal(splits[split].images[..., 0], images[order])
        np.testing.assert_array_equal(splits[split].labels, labels[order])


def test_about_a_fifth_of_each_class_is_set_aside(tmp_path: Path) -> None:
    """Without train and test, each picture is in one of them, at least one of a class in test."""
    folder = fill(tmp_path / "own", {"ankle boot": 10, "bag": 250, "coat": 3})
    dataset, splits = read_folder(folder)
    assert dataset.classes == ("ankle boot", "bag", "coat")
    tested, trained = (np.bincount(splits[split].labels) for split in ("test", "train"))
    assert (tested + trained).tolist() == [10, 250, 3]
    assert 35 < tested[1] < 65
    assert tested.min() >= 1
    assert trained.min() >= 2
    contents = [{image.tobytes() for image in data.images} for data in splits.values()]
    assert not contents[0] & contents[1]


@given(levels=st.lists(st.integers(0, 40), min_size=3).filter(lambda found: len({*found}) > 2))
def test_copies_of_a_picture_are_on_one_side(levels: list[int]) -> None:
    """Of three different pictures or more one tests at least and two train, and none is lost."""
    images = np.array(levels, np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    splits = split_classes({"a": images, "b": images[::-1]})
    for label in (0, 1):
        train, test = (
            splits[split].images[splits[split].labels == label][:, 0, 0, 0].tolist()
            for split in ("train", "test")
        )
        assert sorted(train + test) == sorted(levels)
        assert not set(train) & set(test)
        assert len(test) >= 1
        assert len(train) >= 2


def test_no_picture_changes_sides_when_others_are_added() -> None:
    """The test pictures of a hundred are among those of two hundred, whatever their order."""
    images = np.random.default_rng(0).integers(0, 256, (200, 28, 28), dtype=np.uint8)
    few = split_classes({"a": images[:100], "b": images[:50]})
    more = split_classes({"a": images[::-1], "b": images[:50]})
    for split, data in few.items():
        kept = {image.tobytes() for image in more[split].images[more[split].labels == 0]}
        assert {image.tobytes() for image in data.images[data.labels == 0]} <= kept


def test_classes_are_in_the_order_of_names_or_numbers(tmp_path: Path) -> None:
    """Names are in alphabetical order; numbers come by their value, before names."""
    fill(tmp_path / "own", dict.fromkeys(("10", "9", "b", "B", "ä"), 3))
    assert read_folder(tmp_path / "own")[0].classes == ("9", "10", "B", "b", "ä")


def test_pictures_lie_at_any_depth_and_have_any_names(tmp_path: Path) -> None:
    """Folders inside a class belong to it, and the case of a suffix does not matter."""
    folder = fill(tmp_path / "own", {"a": 3, "b": 3})
    save(folder / "a" / "2026" / "May" / "photo.JPG", np.zeros((40, 20), np.uint8))
    splits = read_folder(folder)[1]
    assert sum(len(data.labels) for data in splits.values()) == 7


def test_what_is_left_out_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged picture and a text have a line each on stderr; hidden files have none."""
    folder = fill(tmp_path / "own", {"a": 4, "b": 3})
    (folder / "a" / "000.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "a" / "notes.txt").write_text("")
    (folder / "a" / ".DS_Store").write_text("")
    (folder / ".git").mkdir()
    splits = read_folder(folder)[1]
    assert sum(len(data.labels) for data in splits.values()) == 6
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("left out")]
    assert len(lines) == 2
    assert "a/000.png: not a picture in a known format" in lines[0]
    assert "a/notes.txt: no picture by its name" in lines[1]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_four_idx_files(tmp_path: Path, random_images: LabelledImages, suffix: str) -> None:
    """IDX files are read plain or as .gz; without classes.txt the labels are the names."""
    folder = write_idx_folder(tmp_path / "own", random_images, suffix)
    dataset, splits = read_folder(folder)
    assert dataset == DataSet("own", DIGITS)
    for data in splits.values():
        np.testing.assert_array_equal(data.images, random_images.images)
        np.testing.assert_array_equal(data.labels, random_images.labels)
    (folder / "classes.txt").write_text("".join(f"class {n}\r\n" for n in range(10)) + "\n")
    assert read_folder(folder)[0].classes == tuple(f"class {n}" for n in range(10))


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
        "train-images-idx3-ubyte.gz: found ",
    ),
    "too few names": (
        lambda folder: (folder / "classes.txt").write_text("one\ntwo\n"),
        "classes.txt: found 2 names, expected 10, because there is the label 9; put",
    ),
    "a name twice": (
        lambda folder: (folder / "classes.txt").write_text("a\n" * 10),
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


def run_download(dataset: str, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the stage on a data set."""
    params = raw.parent / "params.yaml"
    params.write_text(f"download: {{dataset: '{dataset}'}}\n")
    monkeypatch.setattr(sys, "argv", ["", "--raw", str(raw), "--params", str(params)])
    main()


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


def test_the_stage_writes_idx_files_and_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The raw folder has the four files and the names, which are printed; the path is relative."""
    fill(tmp_path / "pictures", {"bag": 5, "coat": 5})
    monkeypatch.chdir(tmp_path)
    run_download("pictures", tmp_path / "raw", monkeypatch)
    assert read_dataset(tmp_path / "raw" / "dataset.json") == DataSet("pictures", ("bag", "coat"))
    assert capsys.readouterr().out == "pictures: 2 classes, bag, coat\n"
    train = read_idx_split(tmp_path / "raw", "train", 2)
    assert np.bincount(train.labels).tolist() == [4, 4]
    assert {path.name for path in (tmp_path / "raw").iterdir()} == {*RAW_NAMES, "dataset.json"}
