import numpy as np

from benchmarks.teaching import judged, taught
from benchmarks.unusual_hands import hand, written


def test_a_hand_writes_in_its_own_way() -> None:
    """The images of a digit differ, but less within a hand than between two; seeds repeat them."""
    random = np.random.default_rng(0)
    first, second = hand(random), hand(random)
    images = [written(own, 7, random) for own in (first, first, second)]
    one, again, other = (np.asarray(image, np.float64) for image in images)
    assert one.shape == (28, 28)
    assert 0 < abs(one - again).mean() < abs(one - other).mean()
    repeated = [written(first, 7, np.random.default_rng(1)) for _ in range(2)]
    assert np.array_equal(*np.array(repeated))


def test_a_corrected_image_is_right_afterwards() -> None:
    """An image that was corrected is no longer wrong, and a correction makes others no worse."""
    random = np.random.default_rng(0)
    own = hand(random)
    images = [written(own, label, random) for label in range(10)]
    seen = judged(np.array(images, np.uint8), np.arange(10))
    wrong = seen._replace(labels=(seen.labels + 1) % 10)
    corrected = wrong.part(np.array([3]))
    assert not taught(corrected, corrected).any()
    assert taught(corrected, wrong).sum() == 9
