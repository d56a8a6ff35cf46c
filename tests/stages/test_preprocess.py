import sys
from pathlib import Path

import numpy as np
import pytest

from stages.idx import IDX_FILES, write_idx
from stages.preprocess import count_table, main, split_off, subsample
from stages.shared.arrays import LabelledImages
from stages.shared.cli import StageError


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


@pytest.mark.parametrize(("named", "size_of_mnist"), [("mnist", 60_000), ("digits", 200)])
def test_refuses_data_under_another_name(
    named: str,
    size_of_mnist: int,
    tmp_path: Path,
    random_images: LabelledImages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Raw data of mnist is refused under the name digits, and the other way round."""
    monkeypatch.setattr("stages.preprocess.MNIST_TRAINING_IMAGES", size_of_mnist)
    for images_name, labels_name in IDX_FILES.values():
        write_idx(tmp_path / images_name, random_images.images[..., 0])
        write_idx(tmp_path / labels_name, random_images.labels)
    (tmp_path / "recipe.yaml").write_text(
        f"download: {{dataset: {named}}}\n"
        "preprocess: {validation_fraction: 0.1, seed: 0, limit: null}\n"
    )
    arguments = ["--raw", str(tmp_path), "--processed", str(tmp_path / "arrays")]
    arguments += ["--counts", str(tmp_path / "data.csv"), "--samples", str(tmp_path / "a.png")]
    monkeypatch.setattr(sys, "argv", ["", *arguments, "--params", str(tmp_path / "recipe.yaml")])
    message = f"found 200 training images.*those of {named}; set download.dataset in"
    with pytest.raises(StageError, match=message):
        main()
    assert not (tmp_path / "arrays").exists()


def test_counts_by_hand() -> None:
    """The table has a row for each digit of each split, also for digits that are missing."""
    images = np.zeros((3, 28, 28, 1), np.uint8)
    table = count_table({"test": LabelledImages(images, np.array([3, 7, 7], np.uint8))})
    assert table.columns.tolist() == ["split", "digit", "images"]
    assert table["split"].tolist() == ["test"] * 10
    assert table["images"].tolist() == [0, 0, 0, 1, 0, 0, 0, 2, 0, 0]
