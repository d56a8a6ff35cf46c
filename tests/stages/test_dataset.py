from pathlib import Path

import numpy as np
import pytest

from stages.command import StageError
from stages.dataset import (
    IDX_FILES,
    LabelledImages,
    load,
    read_idx,
    read_idx_pair,
    save,
    take,
    write_idx,
)

IMAGES, LABELS = IDX_FILES["train"]


def test_idx_bytes_by_hand(tmp_path: Path) -> None:
    """Two images of 1x2 pixels are these 20 bytes, by the format's description."""
    array = np.array([[[1, 2]], [[3, 4]]], np.uint8)
    write_idx(tmp_path / "file", array)
    assert (tmp_path / "file").read_bytes() == bytes.fromhex(
        "00000803 00000002 00000001 00000002 01020304"
    )
    np.testing.assert_array_equal(read_idx(tmp_path / "file", dimensions=3), array)


def test_npy_round_trip(tmp_path: Path, random_images: LabelledImages) -> None:
    """What is saved is loaded."""
    save(tmp_path, "test", random_images)
    loaded = load(tmp_path, "test")
    np.testing.assert_array_equal(loaded.images, random_images.images)
    np.testing.assert_array_equal(loaded.labels, random_images.labels)


@pytest.fixture
def idx_folder(tmp_path: Path, random_images: LabelledImages) -> Path:
    """Give a folder with a valid pair of IDX files."""
    write_idx(tmp_path / IMAGES, random_images.images[..., 0])
    write_idx(tmp_path / LABELS, random_images.labels)
    return tmp_path


def test_reads_a_pair(idx_folder: Path, random_images: LabelledImages) -> None:
    """Images gain the channel axis."""
    np.testing.assert_array_equal(read_idx_pair(idx_folder, "train").images, random_images.images)


@pytest.mark.parametrize("kept", [0, 3, 10, 16, 1000])
def test_refuses_truncated_images(idx_folder: Path, kept: int) -> None:
    """A file cut anywhere is refused, with its name."""
    path = idx_folder / IMAGES
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(StageError, match=f"{IMAGES}: found .*, expected .*dvc repro"):
        read_idx_pair(idx_folder, "train")


def test_refuses_labels_above_nine(idx_folder: Path) -> None:
    """There are ten digits."""
    write_idx(idx_folder / LABELS, np.full(200, 10, np.uint8))
    with pytest.raises(StageError, match="found the label 10, expected 0 to 9"):
        read_idx_pair(idx_folder, "train")


def test_refuses_counts_that_differ(idx_folder: Path) -> None:
    """There is one label per image."""
    write_idx(idx_folder / LABELS, np.zeros(199, np.uint8))
    with pytest.raises(StageError, match="found 199 labels, expected 200, one per image"):
        read_idx_pair(idx_folder, "train")


def test_refuses_other_sizes_and_types(idx_folder: Path) -> None:
    """Images are 28x28 unsigned bytes."""
    write_idx(idx_folder / IMAGES, np.zeros((200, 27, 28), np.uint8))
    with pytest.raises(StageError, match=r"images of \(27, 28\) pixels"):
        read_idx_pair(idx_folder, "train")
    (idx_folder / IMAGES).write_bytes(bytes.fromhex("00000d03"))
    with pytest.raises(StageError, match="magic number 00000d03, expected 00000803"):
        read_idx_pair(idx_folder, "train")


def test_refuses_damaged_arrays(tmp_path: Path, random_images: LabelledImages) -> None:
    """A .npy file that is cut, of another type, length or order is refused."""
    save(tmp_path, "test", random_images)
    path = tmp_path / "test_labels.npy"
    whole = path.read_bytes()
    for content in (b"", whole[:100], whole[:200]):
        path.write_bytes(content)
        with pytest.raises(StageError, match=r"test_labels.npy: found .*, expected a .npy file"):
            load(tmp_path, "test")
    np.save(path, random_images.labels.astype(np.float32))
    with pytest.raises(StageError, match="elements of float32, expected uint8"):
        load(tmp_path, "test")
    np.save(path, random_images.labels[:-1])
    with pytest.raises(StageError, match="one image per label"):
        load(tmp_path, "test")
    np.save(tmp_path / "test_images.npy", np.asfortranarray(random_images.images))
    with pytest.raises(StageError, match="in Fortran order, expected C order"):
        load(tmp_path, "test")


def test_takes_the_images_at_given_places(tmp_path: Path, random_images: LabelledImages) -> None:
    """From a file, without its map, the same as from memory: any order, any number of times."""
    save(tmp_path, "train", random_images)
    mapped = load(tmp_path, "train").images
    indices = np.array([199, 0, 7, 7, 100])
    np.testing.assert_array_equal(take(mapped, indices), random_images.images[indices])
    np.testing.assert_array_equal(
        take(random_images.images, indices), random_images.images[indices]
    )
    part = take(mapped[50:][::-1], np.array([0, 3]))
    np.testing.assert_array_equal(part, random_images.images[[199, 196]])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells it there")
def test_taking_leaves_the_map_alone(tmp_path: Path) -> None:
    """2,000 images of a 78 MB file bring next to none of its pages into the process's memory."""
    path = tmp_path / "train_images.npy"
    np.save(path, np.zeros((100_000, 28, 28, 1), np.uint8))
    images = np.load(path, mmap_mode="r")
    indices = np.arange(0, 100_000, 50)
    before = mapped_kilobytes()
    take(images, indices)
    assert mapped_kilobytes() - before < 1000
    images[indices]  # which is what it avoids
    assert mapped_kilobytes() - before > 7000


def mapped_kilobytes() -> int:
    """Return how much of mapped files this process has in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssFile"))
