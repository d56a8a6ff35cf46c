from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from stages.shared.arrays import LabelledImages, load_split, save_split
from stages.training import batches
from stages.training.augmentation import augment
from stages.training.batches import evaluation_batches, take, training_batches
from stages.training.settings import Augmentation

NONE = Augmentation(rotation=0, scale=0, shear=0, shift=0)
SOME = Augmentation(rotation=10, scale=0.1, shear=5, shift=2)


def _batch_bytes(
    data: LabelledImages, epochs: range, augmentation: Augmentation = NONE, seed: int = 0
) -> list[tuple[bytes, bytes]]:
    found = training_batches(data, 32, augmentation, seed, epochs)
    return [
        (images.numpy().tobytes(), labels.numpy().tobytes())
        for _ in epochs
        for images, labels in found
    ]


def test_an_epoch_has_every_image_once_with_its_label(random_images: LabelledImages) -> None:
    """200 images give six batches of 32 and one of eight, with each image once."""
    found = list(training_batches(random_images, 32, NONE, 0, range(1)))
    assert [len(labels) for _, labels in found] == [32] * 6 + [8]
    seen = sorted(
        (image.tobytes(), int(label))
        for images, labels in found
        for image, label in zip(images.numpy(), labels.numpy(), strict=True)
    )
    expected = sorted(
        (image.tobytes(), int(label)) for image, label in zip(*random_images, strict=True)
    )
    assert seen == expected


@pytest.mark.parametrize(("count", "size"), [(1, 1), (1, 9), (6, 3), (7, 3), (200, 64)])
def test_validation_has_every_image_once_and_in_order(
    random_images: LabelledImages, count: int, size: int
) -> None:
    """From the first to the last image, with their labels, in whole batches but for the last."""
    data = LabelledImages(random_images.images[:count], np.arange(count, dtype=np.uint8))
    found = list(evaluation_batches(data, size).as_numpy_iterator())
    assert [len(labels) for _, labels in found[:-1]] == [size] * ((count - 1) // size)
    images, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
    np.testing.assert_array_equal(images, data.images)
    np.testing.assert_array_equal(labels, data.labels)


def test_no_tuner_thread_is_started(random_images: LabelledImages) -> None:
    """The tuner's thread is never started; stopping it could take up to a minute.

    Batches of any size have one form, so Keras compiles what it does with them once.
    """
    for made in (
        training_batches(random_images, 32, NONE, 0, range(1)),
        evaluation_batches(random_images, 32),
    ):
        assert made.options().autotune.enabled is False
        assert made.element_spec == (
            tf.TensorSpec((None, 28, 28, 1), tf.uint8),
            tf.TensorSpec((None,), tf.uint8),
        )
        assert made.cardinality() == 7


@pytest.mark.parametrize(("limit", "at_once"), [(8192, 8192), (70, 64), (10, 32)])
def test_distortions_are_drawn_for_whole_batches_at_once(
    limit: int, at_once: int, monkeypatch: pytest.MonkeyPatch, random_images: LabelledImages
) -> None:
    """For at most 8192 images, and at least one batch: in other parts they would be others."""
    assert batches.AUGMENTED_AT_ONCE == 8192
    monkeypatch.setattr(batches, "AUGMENTED_AT_ONCE", limit)
    random = np.random.default_rng([5, 2])
    order = random.permutation(200)
    expected = [
        augment(random_images.images[order[start : start + at_once]], SOME, random)
        for start in range(0, 200, at_once)
    ]
    found = training_batches(random_images, 32, SOME, 5, range(2, 3)).as_numpy_iterator()
    images, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
    np.testing.assert_array_equal(images, np.concatenate(expected))
    np.testing.assert_array_equal(labels, random_images.labels[order])


@pytest.mark.parametrize("augmentation", [NONE, SOME])
def test_an_epoch_depends_on_seed_and_index_alone(
    random_images: LabelledImages, augmentation: Augmentation
) -> None:
    """A run that starts at the third epoch has the same batches as a run from the first."""
    whole = _batch_bytes(random_images, range(4), augmentation)
    assert _batch_bytes(random_images, range(2, 4), augmentation) == whole[14:]
    assert whole[:7] != whole[7:14]
    assert _batch_bytes(random_images, range(1), augmentation, seed=1) != whole[:7]


def test_takes_the_images_at_given_indices(tmp_path: Path, random_images: LabelledImages) -> None:
    """A mapped file and an array give the same images, in any order and with repeats."""
    save_split(tmp_path, "train", random_images)
    mapped = load_split(tmp_path, "train").images
    indices = np.array([199, 0, 7, 7, 100])
    np.testing.assert_array_equal(take(mapped, indices), random_images.images[indices])
    np.testing.assert_array_equal(
        take(random_images.images, indices), random_images.images[indices]
    )
    part = take(mapped[50:][::-1], np.array([0, 3]))
    np.testing.assert_array_equal(part, random_images.images[[199, 196]])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc, as on Linux")
def test_taking_leaves_the_map_alone(tmp_path: Path) -> None:
    """Taking 2,000 images of a 78 MB file keeps less than 1 MB of it in memory."""
    path = tmp_path / "train_images.npy"
    np.save(path, np.zeros((100_000, 28, 28, 1), np.uint8))
    images = np.load(path, mmap_mode="r")
    indices = np.arange(0, 100_000, 50)
    before = mapped_kilobytes()
    take(images, indices)
    assert mapped_kilobytes() - before < 1000
    images[indices]  # plain indexing keeps each page that it touches in memory
    assert mapped_kilobytes() - before > 7000


def mapped_kilobytes() -> int:
    """Return how many kilobytes of mapped files this process has in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssFile"))
