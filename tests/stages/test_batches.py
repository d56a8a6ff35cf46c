import numpy as np
import pytest
from scipy.ndimage import affine_transform, shift

from stages.batches import augmented, batches_in_order, batches_of_epochs, random_transforms
from stages.dataset import LabelledImages
from stages.params import Augmentation

NONE = Augmentation(rotation=0, scale=0, shear=0, shift=0)
SOME = Augmentation(rotation=10, scale=0.1, shear=5, shift=2)


def _epochs(
    data: LabelledImages, epochs: range, augmentation: Augmentation = NONE, seed: int = 0
) -> list[tuple[bytes, bytes]]:
    batches = batches_of_epochs(data, 32, augmentation, seed, epochs)
    return [
        (images.numpy().tobytes(), labels.numpy().tobytes())
        for _ in epochs
        for images, labels in batches
    ]


def test_an_epoch_has_every_image_once_with_its_label(random_images: LabelledImages) -> None:
    """200 images in batches of 32 are six full ones and one of eight."""
    batches = list(batches_of_epochs(random_images, 32, NONE, 0, range(1)))
    assert [len(labels) for _, labels in batches] == [32] * 6 + [8]
    seen = sorted(
        (image.tobytes(), int(label))
        for images, labels in batches
        for image, label in zip(images.numpy(), labels.numpy(), strict=True)
    )
    expected = sorted(
        (image.tobytes(), int(label)) for image, label in zip(*random_images, strict=True)
    )
    assert seen == expected


def test_the_end_waits_for_no_tuner(random_images: LabelledImages) -> None:
    """The tuner's thread, which half of the time sleeps on when told to end, is never begun."""
    for batches in (
        batches_of_epochs(random_images, 32, NONE, 0, range(1)),
        batches_in_order(random_images, 32),
    ):
        assert batches.options().autotune.enabled is False


@pytest.mark.parametrize("augmentation", [NONE, SOME])
def test_an_epoch_depends_on_seed_and_number_alone(
    random_images: LabelledImages, augmentation: Augmentation
) -> None:
    """Starting at the third epoch gives what a run from the first has there."""
    whole = _epochs(random_images, range(4), augmentation)
    assert _epochs(random_images, range(2, 4), augmentation) == whole[14:]
    assert whole[:7] != whole[7:14]
    assert _epochs(random_images, range(1), augmentation, seed=1) != whole[:7]


def test_no_augmentation_changes_nothing(random_images: LabelledImages) -> None:
    """With all amounts at 0 the images are the very same."""
    assert augmented(random_images.images, NONE, np.random.default_rng(0)) is random_images.images


def test_distortion_against_scipy(random_images: LabelledImages) -> None:
    """SciPy's affine transform with the same matrix gives the same picture."""
    images = random_images.images[:20]
    maps = random_transforms(20, SOME, np.random.default_rng(7))
    distorted = augmented(images, SOME, np.random.default_rng(7))
    for image, result, row in zip(images, distorted, maps, strict=True):
        a0, a1, a2, b0, b1, b2 = row[:6]
        matrix, offset = np.array([[b1, b0], [a1, a0]]), [b2, a2]  # SciPy counts (row, column)
        expected = affine_transform(
            image[..., 0].astype(float), matrix, offset, order=1, mode="grid-constant"
        )
        assert np.abs(result[..., 0] - expected).max() <= 1.01  # the operation rounds down


def test_shift_alone_moves_by_at_most_that(random_images: LabelledImages) -> None:
    """Each picture is the original moved by its own two amounts."""
    only_shift = Augmentation(rotation=0, scale=0, shear=0, shift=2)
    maps = random_transforms(200, only_shift, np.random.default_rng(0))
    np.testing.assert_allclose(maps[:, [0, 1, 3, 4]], [[1, 0, 0, 1]] * 200)
    assert 1.8 < np.abs(maps[:, [2, 5]]).max() <= 2
    moved = augmented(random_images.images[:1], only_shift, np.random.default_rng(0))
    # the first draw of a generator seeded alike: one picture's amounts
    row = random_transforms(1, only_shift, np.random.default_rng(0))[0]
    expected = shift(random_images.images[0, ..., 0].astype(float), (-row[5], -row[2]), order=1)
    inner = slice(3, -3)
    assert np.abs(moved[0, inner, inner, 0] - expected[inner, inner]).max() <= 1.01
