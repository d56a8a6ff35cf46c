import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from stages.idx import IDX_FILES, RAW_NAMES, write_idx
from stages.preprocess import count_table, main, split_off, subsample
from stages.published import PUBLISHED, PublishedFile, check_raw
from stages.shared.arrays import LabelledImages, load_split
from stages.shared.cli import StageError
from stages.shared.dataset import DIGITS, NAMES, DataSet, read_dataset, write_dataset
from stages.shared.files import read_csv
from tests.app.conftest import drawn, encoded

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
        with pytest.raises(StageError) as refused:
            split_off(whole, size, seed)
        assert str(refused.value) == (
            f"cannot take {size} of {sum(counts)} images with the classes in proportion: found "
            f"{classes} classes, the smallest with {min(counts)} images, expected 2 or more of "
            f"each class, and {classes} images or more to take and to leave; change "
            "preprocess.limit or preprocess.validation_fraction"
        )


def write_raw(folder: Path, data: LabelledImages, name: str) -> None:
    """Write the same images as training and test set."""
    for images_name, labels_name in IDX_FILES.values():
        write_idx(folder / images_name, data.images[..., 0])
        write_idx(folder / labels_name, data.labels)
    write_dataset(folder / "dataset.json", DataSet(name, DIGITS))


def preprocess(
    folder: Path, monkeypatch: pytest.MonkeyPatch, dataset: str, limit: int | None = None
) -> None:
    """Run the stage on the raw data in a folder, under the name `dataset`."""
    (folder / "recipe.yaml").write_text(
        f"download: {{dataset: {dataset}}}\n"
        f"preprocess: {{validation_fraction: 0.1, seed: 7, limit: {limit or 'null'}, "
        "own_test_fraction: 0}\n"
    )
    (folder / "own").mkdir(exist_ok=True)
    arguments = ["--raw", str(folder), "--processed", str(folder / "arrays")]
    arguments += ["--own", str(folder / "own")]
    arguments += ["--counts", str(folder / "data.csv"), "--samples", str(folder / "a.png")]
    monkeypatch.setattr(sys, "argv", ["", *arguments, "--params", str(folder / "recipe.yaml")])
    main()


@pytest.mark.parametrize(
    ("written", "named", "message"),
    [
        (
            "mnist",
            "digits",
            "found the data set mnist, expected digits; set download.dataset in .*recipe.yaml to "
            "the data set in .*, or type `dvc repro download`$",
        ),
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
    """Files of one set under the name of another are refused, and named; a folder's may be any.

    Of a set without digests of its files' content the sizes alone are known.
    """
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

    def refusal(name: str) -> str:
        with pytest.raises(StageError) as refused:
            check_raw(tmp_path, name)
        return str(refused.value)

    remedy = "type `dvc repro --force download`, or set download.dataset to the data set that you "
    check_raw(tmp_path, "mnist")
    for name in ("kmnist", "own"):
        expected = f"found {RAW_NAMES[0]} of mnist, expected that of {name}; {remedy}want"
        assert refusal(name) == f"{tmp_path}: {expected}"

    for raw_name, content in zip(RAW_NAMES, contents, strict=True):
        (tmp_path / raw_name).write_bytes(content[:-1] + b"!")
    check_raw(tmp_path, "kmnist")
    check_raw(tmp_path, "own")
    for raw_name, content in zip(RAW_NAMES[:3], contents, strict=False):
        (tmp_path / raw_name).write_bytes(content)
    digest = hashlib.sha256(contents[3][:-1] + b"!").hexdigest()[:12]
    found = f"found {RAW_NAMES[3]} with SHA-256 {digest}… of 208 bytes, expected that of mnist; "
    assert refusal("mnist") == f"{tmp_path}: {found}{remedy}want"
    for raw_name, content in zip(RAW_NAMES, contents, strict=True):
        (tmp_path / raw_name).write_bytes(content + b"!")
    assert " of 156,817 bytes, expected that of kmnist; " in refusal("kmnist")


@pytest.mark.parametrize("limit", [None, 40])
def test_what_the_stage_writes_and_prints(
    limit: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A folder's set of 200 images, of which those of odd digits are all ink, and two own ones."""
    labels = np.repeat(np.arange(10, dtype=np.uint8), 20)
    images = np.broadcast_to((labels % 2 * 255)[:, None, None, None], (200, 28, 28, 1))
    write_raw(tmp_path, LabelledImages(images, labels), "own")
    for digit in (3, 5):
        (tmp_path / "own" / str(digit)).mkdir(parents=True)
        (tmp_path / "own" / str(digit) / "a.png").write_bytes(encoded(drawn(digit)))
    drawn_from: list[object] = []

    def samples_figure(data: LabelledImages, dataset: DataSet, seed: int) -> Figure:
        drawn_from.extend([len(data.labels), dataset, seed])
        return Figure(figsize=(1, 1))

    monkeypatch.setattr("stages.preprocess.samples_figure", samples_figure)
    preprocess(tmp_path, monkeypatch, "some/where/own", limit)

    counts = {"train": limit or 180, "validation": 20, "test": limit or 200}
    pixels = "uint8; scaled to 0 to 1, mean 0.5000, deviation 0.5000"
    assert capsys.readouterr().out.splitlines() == [
        "own_train: images (2, 28, 28, 1) uint8",
        *(f"{split}: images ({count}, 28, 28, 1) {pixels}" for split, count in counts.items()),
    ]
    assert read_dataset(tmp_path / "arrays" / "dataset.json") == DataSet("own", DIGITS)
    for split, count in (counts | {"own_train": 2, "own_test": 0}).items():
        assert len(load_split(tmp_path / "arrays", split).labels) == count
    table = read_csv(tmp_path / "data.csv")
    assert table.groupby("split")["images"].sum().to_dict() == counts
    own = read_csv(tmp_path / "arrays" / "own_pictures.csv")
    assert own[["label", "split"]].sort_values("label").to_numpy().tolist() == [
        [3, "own_train"],
        [5, "own_train"],
    ]
    assert drawn_from == [counts["train"], DataSet("own", DIGITS), 7]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_counts_by_hand() -> None:
    """The table has a row for each digit of each split, also for digits that are missing."""
    images = np.zeros((3, 28, 28, 1), np.uint8)
    table = count_table({"test": LabelledImages(images, np.array([3, 7, 7], np.uint8))}, DIGITS)
    assert table.columns.tolist() == ["split", "digit", "images"]
    assert table["split"].tolist() == ["test"] * 10
    assert table["digit"].tolist() == list(DIGITS)
    assert table["images"].tolist() == [0, 0, 0, 1, 0, 0, 0, 2, 0, 0]
