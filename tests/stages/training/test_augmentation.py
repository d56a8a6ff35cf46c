from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, center_of_mass

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


def blot(row: float, column: float) -> NDArray[np.uint8]:
    """Return an image (28, 28, 1) of a smooth dot, about 5 pixels wide, at a place."""
    rows, columns = np.indices((28, 28))
    squares = (rows - row) ** 2 + (columns - column) ** 2
    return np.round(255 * np.exp(-squares / 8)).astype(np.uint8)[..., np.newaxis]


SEEDS = st.integers(0, 2**32 - 1)


@given(limit=st.floats(0.01, 6), seed=SEEDS)
def test_a_shift_moves_the_ink_and_nothing_else(limit: float, seed: int) -> None:
    """The centre of mass moves by exactly the amounts drawn, at most the limit each way."""
    only_shift = NONE.model_copy(update={"shift": limit})
    (row,) = random_transforms(1, only_shift, np.random.default_rng(seed))
    np.testing.assert_array_equal(row[[0, 1, 3, 4, 6, 7]], [1, 0, 0, 1, 0, 0])
    assert np.abs(row[[2, 5]]).max() <= np.float32(limit)
    image = blot(13.5, 13.5)
    (moved,) = augment(image[np.newaxis], only_shift, np.random.default_rng(seed))
    # The map leads from the new place to the old one. Levels are rounded down to whole ones.
    expected = [13.5 - row[5], 13.5 - row[2]]
    assert center_of_mass(moved[..., 0]) == pytest.approx(expected, abs=0.05)
    assert moved.sum() == pytest.approx(image.sum(), rel=0.03)


@given(limit=st.floats(1, 180), place=st.floats(8, 19), seed=SEEDS)
def test_a_rotation_and_its_inverse_give_the_image_back(
    limit: float, place: float, seed: int
) -> None:
    """The map is a rotation about the centre, and turning back leaves interpolation's error."""
    turned = NONE.model_copy(update={"rotation": limit})
    (row,) = random_transforms(1, turned, np.random.default_rng(seed))
    matrix, offset = np.array([row[[4, 3]], row[[1, 0]]]), row[[5, 2]]  # of (row, column)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(2), atol=1e-6)
    np.testing.assert_allclose(matrix @ [13.5, 13.5] + offset, [13.5, 13.5], atol=1e-5)
    assert np.trace(matrix) / 2 >= np.cos(np.deg2rad(limit)) - 1e-6
    image = blot(place, 12)
    (there,) = augment(image[np.newaxis], turned, np.random.default_rng(seed))
    back = affine_transform(
        there[..., 0].astype(float), matrix.T, [13.5, 13.5] - matrix.T @ [13.5, 13.5], order=1
    )
    assert np.abs(back - image[..., 0]).max() < 50
    assert np.abs(back - image[..., 0]).mean() < 2


@given(seed=SEEDS, level=st.integers(1, 255), mirror=st.booleans())
def test_background_stays_background_and_no_ink_is_darker(
    seed: int, level: int, mirror: bool
) -> None:
    """Nothing is drawn where there was no ink, and no level is above the highest."""
    most = Augmentation(rotation=180, scale=0.9, shear=45, shift=14, mirror=mirror)
    images = np.zeros((3, 28, 28, 1), np.uint8)
    images[1] = level
    images[2, 14, 14] = level
    distorted = augment(images, most, np.random.default_rng(seed))
    assert distorted.shape == images.shape
    assert distorted.dtype == np.uint8
    assert not distorted[0].any()
    assert distorted.max() <= level


@given(limit=st.floats(0.01, 0.9), seed=SEEDS)
def test_width_and_height_scale_each_by_its_own_amount(limit: float, seed: int) -> None:
    """A map to the old place divides by the scale, which is within the limit both ways."""
    scaled = NONE.model_copy(update={"scale": limit})
    (row,) = random_transforms(1, scaled, np.random.default_rng(seed)).astype(float)
    assert row[1] == row[3] == 0
    for scale in (1 / row[0], 1 / row[4]):
        assert 1 - limit - 1e-6 <= scale <= 1 + limit + 1e-6
    assert row[0] != row[4]
    assert row[[2, 5]] == pytest.approx(13.5 - 13.5 * row[[0, 4]], rel=1e-5, abs=1e-5)


@given(limit=st.floats(0.1, 45), seed=SEEDS)
def test_a_shear_moves_rows_sideways(limit: float, seed: int) -> None:
    """Each row keeps its place and its width; the lean is within the limit."""
    sheared = NONE.model_copy(update={"shear": limit})
    (row,) = random_transforms(1, sheared, np.random.default_rng(seed)).astype(float)
    assert row[[0, 3, 4, 5]].tolist() == [1, 0, 1, 0]
    assert 0 < abs(row[1]) <= np.tan(np.deg2rad(limit)) + 1e-6
    assert row[2] == pytest.approx(-13.5 * row[1], rel=1e-5)


class Drawn(np.random.Generator):
    """Draws these fractions of the limits, in their order."""

    def __init__(self, *fractions: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.fractions = iter(fractions)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        assert low == -high
        return np.full(size, high * next(self.fractions))


def test_all_distortions_in_one_map() -> None:
    """Sheared, then turned, then scaled, about the centre, then shifted: a product of matrices.

    The amounts are drawn in the order angle, shear, width, height, right, down: in another one
    each run would have other images.
    """
    limits = Augmentation(rotation=60, scale=0.5, shear=45, shift=4)
    (row,) = random_transforms(1, limits, Drawn(0.5, 1.0, -0.5, 0.25, 1.0, -0.5))
    assert row.dtype == np.float32
    half, root = 1 / 2, np.sqrt(3) / 2  # sine and cosine of 30 degrees; the tangent of 45 is 1
    matrix = (
        np.diag([1 / 0.75, 1 / 1.125])
        @ np.array([[root, -half], [half, root]])
        @ np.array([[1, 1], [0, 1]])
    )
    offset = [13.5, 13.5] - matrix @ [13.5, 13.5] + [4, -2]
    np.testing.assert_allclose(row, [*matrix[0], offset[0], *matrix[1], offset[1], 0, 0], rtol=1e-5)


def test_a_mirror_turns_half_of_the_images(random_images: LabelledImages) -> None:
    """Each image is as it was or exactly mirrored; about half of 200 are, and a seed decides."""
    images, only_mirror = random_images.images, NONE.model_copy(update={"mirror": True})
    changed = augment(images, only_mirror, np.random.default_rng(0))
    mirrored = np.array([(a == b[:, ::-1]).all() for a, b in zip(changed, images, strict=True)])
    as_before = np.array([(a == b).all() for a, b in zip(changed, images, strict=True)])
    assert (mirrored ^ as_before).all()
    assert 70 <= mirrored.sum() <= 130
    assert changed.dtype == np.uint8
    again = augment(changed, only_mirror, np.random.default_rng(0))
    np.testing.assert_array_equal(again, images)  # the same ones, mirrored twice


def test_the_other_distortions_are_the_same_with_a_mirror(random_images: LabelledImages) -> None:
    """The mirror is drawn last: it leaves the amounts of the other distortions as they are."""
    images = random_images.images[:50]
    plain = augment(images, SOME, np.random.default_rng(3))
    both = augment(images, SOME.model_copy(update={"mirror": True}), np.random.default_rng(3))
    for one, other in zip(both, plain, strict=True):
        assert (one == other).all() or (one == other[:, ::-1]).all()
