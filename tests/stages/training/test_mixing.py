import numpy as np
import pytest

from stages.shared.arrays import LabelledImages
from stages.training.augmentation import augment
from stages.training.batches import training_batches
from stages.training.inputs import Inputs
from stages.training.mixing import mixed_batches
from stages.training.settings import Augmentation, Train
from tests.conftest import TRAIN

PLAIN = Augmentation(rotation=0, scale=0, shear=0, shift=0)
OWN = LabelledImages(
    np.arange(200, 205, dtype=np.uint8).reshape(5, 1, 1, 1) * np.ones((1, 28, 28, 1), np.uint8),
    np.arange(5, dtype=np.uint8),
)


def test_mixed_batches_have_the_form_of_the_others(inputs: Inputs) -> None:
    """Keras compiles what it does with them once, and knows how many there are."""
    mixed = mixed_batches(inputs, TRAIN, 0, range(1))
    plain = training_batches(inputs.training, 32, TRAIN.augmentation, 0, range(1))
    assert mixed.element_spec == plain.element_spec
    assert mixed.cardinality() == 7
    assert mixed.options().autotune.enabled is False


def epochs(
    inputs: Inputs, settings: Train, start: int, stop: int
) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """Return the batches of each epoch."""
    batches = mixed_batches(inputs, settings, 0, range(start, stop))
    return [list(batches.as_numpy_iterator()) for _ in range(start, stop)]


@pytest.fixture
def inputs(random_images: LabelledImages) -> Inputs:
    """Give 200 images of noise, below 200, and five own pictures of one level each."""
    dark = LabelledImages(random_images.images % 200, random_images.labels)
    return Inputs(dark, dark, 10, OWN)


@pytest.mark.parametrize(("share", "count"), [(0.25, 8), (0.5, 16)])
def test_a_share_of_each_batch_are_own_pictures(inputs: Inputs, share: float, count: int) -> None:
    """A quarter of 32 are eight; sizes stay, also of a small last batch; labels go with images."""
    settings = TRAIN.model_copy(update={"augmentation": PLAIN, "own_share": share})
    (batches,) = epochs(inputs, settings, 0, 1)
    assert [len(labels) for _, labels in batches] == [32] * 6 + [8]
    for images, labels in batches:
        levels = images.max(axis=(1, 2, 3))
        assert (levels >= 200).sum() == min(count, len(labels))
        np.testing.assert_array_equal(levels[:count] - 200, labels[:count])
    shown = np.concatenate([labels[:count] for _, labels in batches[:6]])
    counts = np.bincount(shown, minlength=5)
    assert counts.sum() == 6 * count
    assert np.ptp(counts) <= 1  # all come once before one comes again


def test_own_pictures_are_distorted_as_the_others_are(inputs: Inputs) -> None:
    """By the seed, the epoch and a 1, after the order of 12 rounds, as 7 batches take 56 of 5."""
    random = np.random.default_rng([0, 3, 1])
    order = np.concatenate([random.permutation(5) for _ in range(12)])
    (batches,) = epochs(inputs, TRAIN, 3, 4)
    for step, (images, labels) in enumerate(batches):
        chosen = order[8 * step : 8 * step + 8]
        expected = augment(OWN.images[chosen], TRAIN.augmentation, random)
        np.testing.assert_array_equal(images[:8], expected)
        np.testing.assert_array_equal(labels[:8], OWN.labels[chosen])


@pytest.mark.parametrize("share", [0.0, 0.01])
def test_without_a_share_the_batches_are_unchanged(inputs: Inputs, share: float) -> None:
    """No own pictures, or a share below one image of a batch, leave the batches as they are."""
    expected = list(
        training_batches(inputs.training, 32, TRAIN.augmentation, 0, range(1)).as_numpy_iterator()
    )
    settings = TRAIN.model_copy(update={"own_share": share})
    without = Inputs(inputs.training, inputs.validation, 10)
    for found in (epochs(inputs, settings, 0, 1), epochs(without, TRAIN, 0, 1)):
        for one, other in zip(found[0], expected, strict=True):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1], other[1])


def test_an_epoch_depends_on_its_number_alone(inputs: Inputs) -> None:
    """A run that resumes with the second epoch gets the batches of a run from the start."""
    whole, resumed = epochs(inputs, TRAIN, 0, 2), epochs(inputs, TRAIN, 1, 2)
    for one, other in zip(whole[1], resumed[0], strict=True):
        np.testing.assert_array_equal(one[0], other[0])
    assert (whole[0][0][0] != whole[1][0][0]).any()
