import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from stages.idx import IDX_FILES, RAW_NAMES, write_idx
from stages.preprocess import count_table, main, split_off, subsample
from stages.published import PUBLISHED, PublishedFile, check_raw
from stages.shared.arrays import LabelledImages, load_split
from stages.shared.cli import StageError
from stages.shared.dataset import DIGITS, NAMES, DataSet, read_dataset, write_dataset


def _image_bytes(data: LabelledImages) -> set[bytes]:
    return {image.tobytes() for image in data.images}


def test_validation_is_a_stratified_part(random_images: LabelledImages) -> None:
    """Each class has an equal share, and each image is in exactly one part."""
    rest, part = split_off(random_images, 40, seed=1)
    assert np.bincount(part.labels).tolist() == [4] * 10
    assert not _image_bytes(rest) & _image_bytes(part)
    assert _image_bytes(rest) | _image_bytes(part) == _image_bytes(random_images)


def test_images_keep_their_labels(random_images: LabelledImages) -> None:
    """Each image has the same label after the split."""
    label_of = {
        image.tobytes(): label
        for image, label in zip(random_images.images, random_images.labels, strict=True)
    }
    for part in split_off(random_images, 40, seed=1):
        assert [label_of[image.tobytes()] for image in part.images] == part.labels.tolist()


def test_the_seed_decides(random_images: LabelledImages) -> None:
    """The same seed gives the same split; another seed gives another split."""
    first, again, other = (split_off(random_images, 40, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.images, again.images)
    assert _image_bytes(first) != _image_bytes(other)


def test_limit(random_images: LabelledImages) -> None:
    """A limit keeps that many images, in proportion; None or a higher limit keeps all."""
    assert np.bincount(subsample(random_images, 50, seed=0).labels).tolist() == [5] * 10
    assert subsample(random_images, 1000, seed=0) is random_images
    assert subsample(random_images, None, seed=0) is random_images


def test_refuses_a_part_too_small_for_all_classes(random_images: LabelledImages) -> None:
    """A limit of five images is refused, because there are ten classes."""
    with pytest.raises(StageError, match=r"cannot take 5 of 200 images.*preprocess.limit"):
        subsample(random_images, 5, seed=0)


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
