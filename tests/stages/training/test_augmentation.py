import numpy as np
from scipy.ndimage import affine_transform, shift

from stages.shared.arrays import LabelledImages
from stages.training.augmentation import augment, random_transforms
from stages.training.settings import Augmentation

NONE = Augmentation(rotation=0, scale=0, shear=0, shift=0)
SOME = Augmentation(rotation=10, scale=0.1, shear=5, shift=2)


def test_no_augmentation_changes_nothing(random_images: LabelledImages) -> None:
    """With all amounts at 0 the same array is returned."""
    assert augment(random_images.images, NONE, np.random.default_rng(0)) is random_images.images


def test_distortion_against_scipy(random_images: LabelledImages) -> None:
    """SciPy's affine transform with the same matrix gives the same image."""
    images = random_images.images[:20]
    maps = random_transforms(20, SOME, np.random.default_rng(7))
    distorted = augment(images, SOME, np.random.default_rng(7))
    for image, result, row in zip(images, distorted, maps, strict=True):
        a0, a1, a2, b0, b1, b2 = row[:6]
        matrix, offset = np.array([[b1, b0], [a1, a0]]), [b2, a2]  # SciPy counts (row, column)
        expected = affine_transform(
            image[..., 0].astype(float), matrix, offset, order=1, mode="grid-constant"
        )
        assert np.abs(result[..., 0] - expected).max() <= 1.01  # the operation rounds down


def test_a_shift_moves_by_at_most_its_amount(random_images: LabelledImages) -> None:
    """With shift alone, each image moves by at most `shift` pixels in each direction."""
    only_shift = Augmentation(rotation=0, scale=0, shear=0, shift=2)
    maps = random_transforms(200, only_shift, np.random.default_rng(0))
    np.testing.assert_allclose(maps[:, [0, 1, 3, 4]], [[1, 0, 0, 1]] * 200)
    assert 1.8 < np.abs(maps[:, [2, 5]]).max() <= 2
    moved = augment(random_images.images[:1], only_shift, np.random.default_rng(0))
    # the same seed gives the same two amounts for one image
    row = random_transforms(1, only_shift, np.random.default_rng(0))[0]
    expected = shift(random_images.images[0, ..., 0].astype(float), (-row[5], -row[2]), order=1)
    inner = slice(3, -3)
    assert np.abs(moved[0, inner, inner, 0] - expected[inner, inner]).max() <= 1.01


def test_a_mirror_turns_half_of_the_images(random_images: LabelledImages) -> None:
    """Each image is as it was or exactly mirrored; about half of 200 are, and a seed decides."""
    images, only_mirror = random_images.images, NONE.model_copy(update={"mirror": True})
    changed = augment(images, only_mirror, np.random.default_rng(0))
    mirrored = np.array([(a == b[:, ::-1]).all() for a, b in zip(changed, images, strict=True)])
    as_before = np.array([(a == b).all() for a, b in zip(changed, images, strict=True)])
    assert (mirrored ^ as_before).all()
    assert 70 <= mirrored.sum() <= 130
    assert changed.dtype == np.uint8
    np.testing.assert_array_equal(augment(images, only_mirror, np.random.default_rng(0)), changed)


def test_the_other_distortions_are_the_same_with_a_mirror(random_images: LabelledImages) -> None:
    """The mirror is drawn last: it leaves the amounts of the other distortions as they are."""
    images = random_images.images[:50]
    plain = augment(images, SOME, np.random.default_rng(3))
    both = augment(images, SOME.model_copy(update={"mirror": True}), np.random.default_rng(3))
    for one, other in zip(both, plain, strict=True):
        assert (one == other).all() or (one == other[:, ::-1]).all()
