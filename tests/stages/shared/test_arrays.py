import pickle
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from stages.shared.arrays import LabelledImages, load_array, load_split, save_array, save_split
from stages.shared.cli import StageError


class Payload:
    """An object that makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def images(count: int) -> LabelledImages:
    """Return so many images of noise, with labels."""
    random = np.random.default_rng(count)
    return LabelledImages(
        random.integers(0, 256, (count, 28, 28, 1), dtype=np.uint8),
        random.integers(0, 256, count, dtype=np.uint8),
    )


def refused(path: Path) -> str:
    """Return the line with which a file is refused."""
    with pytest.raises(StageError) as caught:
        load_array(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: found ")
    assert str(caught.value).endswith("; delete the file and type `dvc repro`")
    return str(caught.value)


@pytest.mark.parametrize("count", [0, 1, 2, 99])
def test_any_number_of_images_comes_back(tmp_path: Path, count: int) -> None:
    """The arrays are those saved, mapped from the file; without own pictures there are none."""
    save_split(tmp_path, "test", images(count))
    for loaded, saved in zip(load_split(tmp_path, "test"), images(count), strict=True):
        np.testing.assert_array_equal(loaded, saved, strict=True)
        assert isinstance(loaded, np.memmap)


@given(array=arrays(np.uint8, array_shapes(max_dims=4, min_side=0, max_side=3)))
def test_an_array_of_any_shape_comes_back(tmp_path: Path, array: np.ndarray) -> None:
    """Values and shape are those written."""
    np.save(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(load_array(tmp_path / "a.npy"), array, strict=True)


def test_an_array_cut_anywhere_is_refused(tmp_path: Path) -> None:
    """A file that ends in its magic number, its header or its data is refused."""
    path = tmp_path / "a.npy"
    np.save(path, np.arange(20, dtype=np.uint8))
    whole = path.read_bytes()
    for length in (*range(0, len(whole), 8), len(whole) - 1):
        path.write_bytes(whole[:length])
        assert "expected a .npy file" in refused(path)


@given(place=st.integers(0, 127), byte=st.integers(0, 255))
@example(place=8, byte=1)  # a header of one byte
@example(place=22, byte=44)  # two commas
@example(place=50, byte=66)  # a key that is no text
@pytest.mark.filterwarnings("ignore:Reading `.npy` or `.npz` file required additional header")
def test_a_damaged_header_is_refused_or_unharmed(tmp_path: Path, place: int, byte: int) -> None:
    """Any byte may change: the array is another, or the file is refused in one line."""
    path = tmp_path / "a.npy"
    np.save(path, np.arange(7, dtype=np.uint8))
    content = bytearray(path.read_bytes())
    content[place] = byte
    path.write_bytes(content)
    try:
        array = load_array(path)
    except StageError:
        refused(path)
    else:
        assert array.size <= 7


def test_an_archive_of_arrays_is_no_array(tmp_path: Path) -> None:
    """A .npz file under the name of a .npy file is refused as any other file is."""
    with (tmp_path / "a.npy").open("wb") as file:
        np.savez(file, np.zeros(3, np.uint8))
    assert "expected a .npy file" in refused(tmp_path / "a.npy")


@given(dtype=scalar_dtypes().filter(lambda dtype: dtype != np.uint8), count=st.integers(0, 3))
def test_elements_of_another_type_are_refused(
    tmp_path: Path, dtype: np.dtype[Any], count: int
) -> None:
    """Only bytes are pixels and labels; the type that was found is named."""
    np.save(tmp_path / "a.npy", np.zeros(count, dtype))
    assert f"found elements of {dtype}, expected uint8" in refused(tmp_path / "a.npy")


@given(shape=array_shapes(min_dims=2, max_dims=4, min_side=2, max_side=3))
def test_another_order_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Images are read from the file one by one, so they must follow each other."""
    np.save(tmp_path / "a.npy", np.asfortranarray(np.zeros(shape, np.uint8)))
    assert "in Fortran order, expected C order" in refused(tmp_path / "a.npy")


@pytest.mark.parametrize("kind", ["an array of objects", "a pickle"])
def test_nothing_in_an_array_is_run(tmp_path: Path, kind: str) -> None:
    """A pickle runs what its author wants when it is read: it is refused unread."""
    path, ran = tmp_path / "a.npy", tmp_path / "ran"
    if kind == "a pickle":
        path.write_bytes(pickle.dumps(Payload(ran)))
    else:
        np.save(path, np.array([Payload(ran)], object))
    assert "expected a .npy file" in refused(path)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        (
            "labels",
            (4,),
            r"images.npy: found the shape \(5, 28, 28, 1\), expected \(4, 28, 28, 1\)",
        ),
        ("labels", (5, 1), r"labels.npy: found the shape \(5, 1\), expected one label per image"),
        ("labels", (), r"labels.npy: found the shape \(\), expected one label per image"),
        ("images", (5, 28, 28), r"images.npy: found the shape \(5, 28, 28\), expected \(5, 28, 28"),
        ("images", (5, 28, 27, 1), r"\(5, 28, 27, 1\), expected .*, one image per label"),
    ],
)
def test_arrays_that_do_not_go_together_are_refused(
    tmp_path: Path, name: str, shape: tuple[int, ...], message: str
) -> None:
    """Each image of 28x28 pixels has one label."""
    save_split(tmp_path, "test", images(5))
    np.save(tmp_path / f"test_{name}.npy", np.zeros(shape, np.uint8))
    with pytest.raises(StageError, match=message):
        load_split(tmp_path, "test")


def test_a_disk_that_is_full_at_the_last_bytes_is_noticed(tmp_path: Path) -> None:
    """No array is cut off: NumPy itself buffers the end and ignores that it cannot be written."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6 * 4096, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save_array(tmp_path / "a.npy", np.zeros(6 * 4096, np.uint8))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
