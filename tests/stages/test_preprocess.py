import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.idx import IDX_FILES, RAW_NAMES, write_idx
from stages.preprocess import count_table, main, split_off, subsample
from stages.published import PUBLISHED, PublishedFile, check_raw
from stages.shared.arrays import LabelledImages, load_split
from stages.shared.cli import StageError
from stages.shared.dataset import DIGITS, NAMES, DataSet, read_dataset, write_dataset

SEEDS = st.integers(0, 2**31 - 1)


def numbered(counts: list[int]) -> LabelledImages:
    """Return so many images of each class, in a mixed order, each with its number as its level."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    levels = np.arange(len(labels), dtype=np.uint8)
    images = np.broadcast_to(levels[:, None, None, None], (len(labels), 28, 28, 1))
    return LabelledImages(images, labels.astype(np.uint8))


@given(counts=st.lists(st.integers(2, 20), min_size=1, max_size=6), data=st.data(), seed=SEEDS)
def test_a_part_is_stratified_and_the_rest_is_all_else(
    counts: list[int], data: st.DataObject, seed: int
) -> None:
    """Each image is in one of the two, with its label, and each class has its share within one."""
    whole = numbered(counts)
    size = data.draw(st.integers(len(counts), sum(counts) - len(counts)))
    rest, part = split_off(whole, size, seed)
    numbers = np.concatenate([rest.images[:, 0, 0, 0], part.images[:, 0, 0, 0]])
    assert sorted(numbers) == list(range(sum(counts)))
    assert (whole.labels[numbers] == np.concatenate([rest.labels, part.labels])).all()
    shares = np.array(counts) * size / sum(counts)
    found = np.bincount(part.labels, minlength=len(counts))
    assert found.sum() == size
    assert np.abs(found - shares).max() < 1
    limited = subsample(whole, size, seed)
    np.testing.assert_array_equal(limited.images, part.images)
    np.testing.assert_array_equal(limited.labels, part.labels)


def test_the_seed_decides() -> None:
    """The same seed gives the same split; another seed gives another split."""
    first, again, other = (split_off(numbered([20] * 5), 40, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.images, again.images)
    assert set(first.images[:, 0, 0, 0]) != set(other.images[:, 0, 0, 0])


@pytest.mark.parametrize("limit", [None, 200, 1000])
def test_a_limit_above_all_images_takes_all(
    random_images: LabelledImages, limit: int | None
) -> None:
    """Without a limit, or with one of as many images or more, the arrays stay as they are."""
    assert subsample(random_images, limit, seed=0) is random_images


@given(
    counts=st.lists(st.integers(1, 4), min_size=1, max_size=4), size=st.integers(0, 16), seed=SEEDS
)
def test_what_cannot_be_stratified_is_refused_in_one_line(
    counts: list[int], size: int, seed: int
) -> None:
    """Each side has room for every class, and each class two images; nothing else is refused."""
    whole, classes = numbered(counts), len(counts)
    if min(counts) > 1 and classes <= size <= sum(counts) - classes:
        assert len(split_off(whole, size, seed)[1].labels) == size
    else:
        with pytest.raises(StageError, match=f"cannot take {size} of {sum(counts)} images .*limit"):
            split_off(whole, size, seed)


def write_raw(folder: Path, data: LabelledImages, name: str) -> None:
    """Write the same images as training and test set."""
    for images_name, labels_name in IDX_FILES.values():
        write_idx(folder / images_name, data.images[..., 0])
        write_idx(folder / labels_name, data.labels)
    write_dataset(folder / "dataset.json", DataSet(name, DIGITS))


def preprocess(folder: Path, monkeypatch: pytest.MonkeyPatch, dataset: str) -> None:
    """Run the stage on the raw data in a folder, under the name `dataset`."""
    (folder / "recipe.yaml").write_text(
        f"download: {{dataset: {dataset}}}\n"
        "preprocess: {validation_fraction: 0.1, seed: 0, limit: null, own_test_fraction: 0.3}\n"
    )
    (folder / "own").mkdir()
    arguments = ["--raw", str(folder), "--processed", str(folder / "arrays")]
    arguments += ["--own", str(folder / "own")]
    arguments += ["--counts", str(folder / "data.csv"), "--samples", str(folder / "a.png")]
    monkeypatch.setattr(sys, "argv", ["", *arguments, "--params", str(folder / "recipe.yaml")])
    main()


@pytest.mark.parametrize(
    ("written", "named", "message"),
    [
        ("mnist", "digits", "found the data set mnist, expected digits; set download.dataset in"),
        ("digits", "mnist", "found the data set digits, expected mnist; set download.dataset in"),
        ("digits", "./digits-of-mine", "expected digits-of-mine; set download.dataset in"),
        *(
            (name, name, f"train-images-idx3-ubyte with SHA-256 .* expected that of {name}; type")
            for name in NAMES
        ),
    ],
)
def test_refuses_data_under_another_name(
    written: str,
    named: str,
    message: str,
    tmp_path: Path,
    random_images: LabelledImages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Raw data of another set, and foreign files under a published name, are refused."""
    write_raw(tmp_path, random_images, written)
    with pytest.raises(StageError, match=message) as caught:
        preprocess(tmp_path, monkeypatch, named)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "arrays").exists()


def test_files_of_a_published_set_are_known_by_their_digests(
    tmp_path: Path, random_images: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of one set under the name of another are refused, and named; a folder's may be any."""
    write_raw(tmp_path, random_images, "own")
    contents = [(tmp_path / name).read_bytes() for name in RAW_NAMES]
    files = {
        name: PublishedFile(len(content), hashlib.sha256(content).hexdigest())
        for name, content in zip(RAW_NAMES, contents, strict=True)
    }
    of_compressed = {
        name: PublishedFile(len(content), "0" * 64, "sha256")
        for name, content in zip(RAW_NAMES, contents, strict=True)
    }
    for name, published in (("mnist", files), ("kmnist", of_compressed)):
        monkeypatch.setitem(PUBLISHED, name, PUBLISHED[name]._replace(files=published))
    check_raw(tmp_path, "mnist")
    for name in ("kmnist", "own"):
        with pytest.raises(StageError, match=f"idx3-ubyte of mnist, expected that of {name};"):
            check_raw(tmp_path, name)
    (tmp_path / RAW_NAMES[0]).write_bytes(contents[0][::-1])
    with pytest.raises(StageError, match=r"idx3-ubyte with SHA-256 .*, expected that of mnist"):
        check_raw(tmp_path, "mnist")


def test_names_of_classes_go_with_the_arrays(
    tmp_path: Path, random_images: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder's set goes through, and its names are beside the arrays."""
    write_raw(tmp_path, random_images, "own")
    preprocess(tmp_path, monkeypatch, "some/where/own")
    assert read_dataset(tmp_path / "arrays" / "dataset.json") == DataSet("own", DIGITS)
    assert len(load_split(tmp_path / "arrays", "validation").labels) == 20


def test_counts_by_hand() -> None:
    """The table has a row for each digit of each split, also for digits that are missing."""
    images = np.zeros((3, 28, 28, 1), np.uint8)
    table = count_table({"test": LabelledImages(images, np.array([3, 7, 7], np.uint8))}, DIGITS)
    assert table.columns.tolist() == ["split", "digit", "images"]
    assert table["split"].tolist() == ["test"] * 10
    assert table["digit"].tolist() == list(DIGITS)
    assert table["images"].tolist() == [0, 0, 0, 1, 0, 0, 0, 2, 0, 0]
