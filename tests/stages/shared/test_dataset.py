import json
from pathlib import Path

import numpy as np
import pytest

from stages.idx import IDX_FILES, read_idx, read_idx_split, write_idx
from stages.shared.arrays import LabelledImages, load_split, save_split
from stages.shared.cli import StageError
from stages.shared.dataset import (
    DIGITS,
    DataSet,
    is_folder,
    name_of,
    read_dataset,
    read_predictions,
    write_dataset,
)

IMAGES, LABELS = IDX_FILES["train"]


def test_idx_bytes_by_hand(tmp_path: Path) -> None:
    """Two images of 1x2 pixels become the 20 bytes that the format describes."""
    array = np.array([[[1, 2]], [[3, 4]]], np.uint8)
    write_idx(tmp_path / "file", array)
    assert (tmp_path / "file").read_bytes() == bytes.fromhex(
        "00000803 00000002 00000001 00000002 01020304"
    )
    np.testing.assert_array_equal(read_idx(tmp_path / "file", dimensions=3), array)


def test_npy_round_trip(tmp_path: Path, random_images: LabelledImages) -> None:
    """The loaded arrays equal the saved ones."""
    save_split(tmp_path, "test", random_images)
    loaded = load_split(tmp_path, "test")
    np.testing.assert_array_equal(loaded.images, random_images.images)
    np.testing.assert_array_equal(loaded.labels, random_images.labels)


@pytest.fixture
def idx_folder(tmp_path: Path, random_images: LabelledImages) -> Path:
    """Give a folder with a valid pair of IDX files."""
    write_idx(tmp_path / IMAGES, random_images.images[..., 0])
    write_idx(tmp_path / LABELS, random_images.labels)
    return tmp_path


def test_reads_a_pair(idx_folder: Path, random_images: LabelledImages) -> None:
    """The images of an IDX pair are loaded with a channel axis."""
    np.testing.assert_array_equal(
        read_idx_split(idx_folder, "train", 10).images, random_images.images
    )


@pytest.mark.parametrize("length", [0, 3, 10, 16, 1000])
def test_refuses_truncated_images(idx_folder: Path, length: int) -> None:
    """A file truncated to any length is refused, and the error names it."""
    path = idx_folder / IMAGES
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(StageError, match=f"{IMAGES}: found .*, expected .*dvc repro"):
        read_idx_split(idx_folder, "train", 10)


def test_refuses_labels_above_nine(idx_folder: Path) -> None:
    """A label above 9 is refused."""
    write_idx(idx_folder / LABELS, np.full(200, 10, np.uint8))
    with pytest.raises(StageError, match="found the label 10, expected 0 to 9"):
        read_idx_split(idx_folder, "train", 10)


def test_refuses_counts_that_differ(idx_folder: Path) -> None:
    """A label count that differs from the image count is refused."""
    write_idx(idx_folder / LABELS, np.zeros(199, np.uint8))
    with pytest.raises(StageError, match="found 199 labels, expected 200, one per image"):
        read_idx_split(idx_folder, "train", 10)


def test_refuses_other_sizes_and_types(idx_folder: Path) -> None:
    """Images that are not 28x28 unsigned bytes are refused."""
    write_idx(idx_folder / IMAGES, np.zeros((200, 27, 28), np.uint8))
    with pytest.raises(StageError, match=r"images of \(27, 28\) pixels"):
        read_idx_split(idx_folder, "train", 10)
    (idx_folder / IMAGES).write_bytes(bytes.fromhex("00000d03"))
    with pytest.raises(StageError, match="magic number 00000d03, expected 00000803"):
        read_idx_split(idx_folder, "train", 10)


def test_refuses_damaged_arrays(tmp_path: Path, random_images: LabelledImages) -> None:
    """A .npy file that is truncated or has another type, length or order is refused."""
    save_split(tmp_path, "test", random_images)
    path = tmp_path / "test_labels.npy"
    whole = path.read_bytes()
    for content in (b"", whole[:100], whole[:200]):
        path.write_bytes(content)
        with pytest.raises(StageError, match=r"test_labels.npy: found .*, expected a .npy file"):
            load_split(tmp_path, "test")
    np.save(path, random_images.labels.astype(np.float32))
    with pytest.raises(StageError, match="elements of float32, expected uint8"):
        load_split(tmp_path, "test")
    np.save(path, random_images.labels[:-1])
    with pytest.raises(StageError, match="one image per label"):
        load_split(tmp_path, "test")
    np.save(tmp_path / "test_images.npy", np.asfortranarray(random_images.images))
    with pytest.raises(StageError, match="in Fortran order, expected C order"):
        load_split(tmp_path, "test")


def test_names_round_trip(tmp_path: Path) -> None:
    """The file has the two keys; any names come back, also those that look like numbers."""
    path = tmp_path / "dataset.json"
    dataset = DataSet("clothes", ("007", "NA", "T-shirt/top", "stövel"))
    write_dataset(path, dataset)
    assert read_dataset(path) == dataset
    assert list(json.loads(path.read_text())) == ["name", "classes"]
    assert (dataset.noun, DataSet("mnist", DIGITS).noun) == ("class", "digit")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected JSON"),
        ("[]", "found list, expected the keys name and classes"),
        ('{"classes": ["a", "b"]}', "found .*classes.*, expected the keys name and classes"),
        ('{"name": "", "classes": ["a", "b"]}', "found the name '', expected a text"),
        ('{"name": "x", "classes": "ab"}', "classes that are no list of texts"),
        ('{"name": "x", "classes": [0, 1]}', "classes that are no list of texts"),
        ('{"name": "x", "classes": ["a", "a"]}', "found 1 names for 2 classes, expected 2 to 256"),
        ('{"name": "x", "classes": ["a"]}', "found 1 names for 1 classes, expected 2 to 256"),
    ],
)
def test_refuses_other_names(tmp_path: Path, content: str, message: str) -> None:
    """What write_dataset cannot have written is refused, with what to type."""
    path = tmp_path / "dataset.json"
    path.write_text(content)
    with pytest.raises(StageError, match=f"dataset.json: .*{message}.*; delete the file and type"):
        read_dataset(path)


def test_what_means_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slash, a dot in front or an existing folder make a path; its last part is the name."""
    (tmp_path / "shapes").mkdir()
    monkeypatch.chdir(tmp_path)
    assert [is_folder(text) for text in ("shapes", "./x", "a/b", ".")] == [True] * 4
    assert [is_folder(text) for text in ("cifar", "shape", "")] == [False] * 3
    assert [name_of(text) for text in ("mnist", "a/b/", "shapes")] == ["mnist", "b", "shapes"]
    assert name_of(".") == tmp_path.name


def test_predictions_keep_the_names_of_classes(tmp_path: Path) -> None:
    """Classes that look like numbers or missing values stay the texts they are."""
    path = tmp_path / "predictions.csv"
    path.write_text("index,label,predicted,confidence,runner_up\n0,007,NA,0.5,1e3\n")
    table = read_predictions(path)
    assert table.iloc[0].tolist() == [0, "007", "NA", 0.5, "1e3"]
    path.write_text("")
    with pytest.raises(StageError, match=r"predictions.csv: .*expected CSV"):
        read_predictions(path)
