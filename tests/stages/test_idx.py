import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from stages.idx import IDX_FILES, from_idx, read_idx, read_idx_split, to_idx, write_idx
from stages.shared.arrays import LabelledImages, UInt8Array
from stages.shared.cli import StageError

IMAGES, LABELS = IDX_FILES["train"]
ARRAYS = arrays(np.uint8, array_shapes(max_dims=3, min_side=0, max_side=5))


def test_idx_bytes_by_hand(tmp_path: Path) -> None:
    """Two images of 1x2 pixels become the 20 bytes that the format describes."""
    array = np.array([[[1, 2]], [[3, 4]]], np.uint8)
    write_idx(tmp_path / "file", array)
    assert (tmp_path / "file").read_bytes() == bytes.fromhex(
        "00000803 00000002 00000001 00000002 01020304"
    )


@given(array=ARRAYS)
def test_an_array_of_any_shape_comes_back(tmp_path: Path, array: UInt8Array) -> None:
    """Values and shape are those written, also of no images, in a plain and in a packed file."""
    plain, packed = tmp_path / "file", tmp_path / "file.gz"
    write_idx(plain, array)
    packed.write_bytes(gzip.compress(to_idx(array)))
    for path in (plain, packed):
        np.testing.assert_array_equal(read_idx(path, array.ndim), array, strict=True)


@given(array=ARRAYS, data=st.data())
def test_a_file_of_another_length_is_refused(
    tmp_path: Path, array: UInt8Array, data: st.DataObject
) -> None:
    """Any bytes cut off or added are noticed, in a plain and in a packed file."""
    # Zeros after its end belong to the format of gzip.
    added = data.draw(st.binary(min_size=1).filter(lambda tail: tail[0] != 0), "added")
    for path, content in (
        (tmp_path / "file", to_idx(array)),
        (tmp_path / "file.gz", gzip.compress(to_idx(array), 1, mtime=0)),
    ):
        length = data.draw(st.integers(0, len(content) - 1), "length")
        for other in (content[:length], content + added):
            path.write_bytes(other)
            with pytest.raises(StageError, match=r"found .*, expected .*; delete") as caught:
                read_idx(path, array.ndim)
            assert str(caught.value).startswith(f"{path}: ")
            assert "\n" not in str(caught.value)


@given(array=ARRAYS, dimensions=st.integers(0, 5))
def test_an_array_of_other_dimensions_is_refused(array: UInt8Array, dimensions: int) -> None:
    """Labels do not pass for images, nor images for labels: the second half of the magic number."""
    if dimensions != array.ndim:
        expected = rf"the magic number 0000080{array.ndim}, expected 0000080{dimensions}"
        with pytest.raises(StageError, match=expected):
            from_idx(to_idx(array), Path("file"), dimensions)


def test_no_images_of_an_impossible_size_are_refused() -> None:
    """A damaged header can tell of no images that are too large for any array."""
    content = bytes.fromhex("00000803 00000000 ffffffff ffffffff")
    with pytest.raises(StageError, match=r"file: found the shape \(0, 4294967295, 4294967295\)"):
        from_idx(content, Path("file"), 3)


@pytest.fixture
def idx_folder(tmp_path: Path, random_images: LabelledImages) -> Path:
    """Give a folder with a valid pair of IDX files."""
    write_idx(tmp_path / IMAGES, random_images.images[..., 0])
    write_idx(tmp_path / LABELS, random_images.labels)
    return tmp_path


def test_reads_a_pair(idx_folder: Path, random_images: LabelledImages) -> None:
    """The images of an IDX pair are loaded with a channel axis, and the labels with them."""
    found = read_idx_split(idx_folder, "train", 10)
    np.testing.assert_array_equal(found.images, random_images.images)
    np.testing.assert_array_equal(found.labels, random_images.labels)


@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_a_cut_file_of_a_pair_is_named(idx_folder: Path, name: str) -> None:
    """The error says which of the two to delete."""
    path = idx_folder / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StageError, match=f"{name}: found .*, expected .*dvc repro"):
        read_idx_split(idx_folder, "train", 10)


def test_refuses_labels_of_no_class(idx_folder: Path) -> None:
    """With ten classes 9 is the highest label."""
    write_idx(idx_folder / LABELS, np.full(200, 9, np.uint8))
    assert read_idx_split(idx_folder, "train", 10).labels.max() == 9
    write_idx(idx_folder / LABELS, np.full(200, 10, np.uint8))
    with pytest.raises(StageError, match="found the label 10, expected 0 to 9"):
        read_idx_split(idx_folder, "train", 10)


def test_refuses_counts_that_differ(idx_folder: Path) -> None:
    """A label count that differs from the image count is refused, and so is a pair of no images."""
    write_idx(idx_folder / LABELS, np.zeros(199, np.uint8))
    with pytest.raises(StageError, match="found 199 labels, expected 200, one per image"):
        read_idx_split(idx_folder, "train", 10)
    write_idx(idx_folder / IMAGES, np.zeros((0, 28, 28), np.uint8))
    write_idx(idx_folder / LABELS, np.zeros(0, np.uint8))
    with pytest.raises(StageError, match="found no labels, expected at least one"):
        read_idx_split(idx_folder, "train", 10)


def test_refuses_other_sizes_and_types(idx_folder: Path) -> None:
    """Images that are not 28x28 unsigned bytes are refused."""
    write_idx(idx_folder / IMAGES, np.zeros((200, 27, 28), np.uint8))
    with pytest.raises(StageError, match=r"images of \(27, 28\) pixels"):
        read_idx_split(idx_folder, "train", 10)
    (idx_folder / IMAGES).write_bytes(bytes.fromhex("00000d03"))
    with pytest.raises(StageError, match="magic number 00000d03, expected 00000803"):
        read_idx_split(idx_folder, "train", 10)
