"""Data sets in folders of the user's own."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.class_folders import split_classes
from stages.download import split_digits
from stages.folder import read_folder
from stages.idx import RAW_NAMES, read_idx_split
from stages.shared.arrays import LabelledImages
from stages.shared.dataset import DIGITS, DataSet, read_dataset
from tests.stages.folders import fill, run_download, save, write_idx_folder


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


def test_train_and_test_stay_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two folders give the two splits, and the pictures are counted while they are read."""
    for split, counts in (("train", {"a": 3, "b": 2}), ("test", {"a": 1, "b": 2})):
        fill(tmp_path / split, counts)
    _, splits = read_folder(tmp_path)
    assert {name: data.labels.tolist() for name, data in splits.items()} == {
        "train": [0, 0, 0, 1, 1],
        "test": [0, 1, 1],
    }
    shown = capsys.readouterr().err
    for split, count in (("train", 5), ("test", 3)):
        assert re.search(rf"{tmp_path / split}: 100%.* {count}/{count} .*picture/s", shown)


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
