import cv2
import numpy as np
import pytest

from pictures.arrays import Mask
from pictures.box import Box
from pictures.connected import connected_components, inked_box, labelled


def blots(share: float, margin: int) -> Mask:
    """Return a mask (90, 120) of random blots with nothing in so many pixels along the border."""
    noise = cv2.GaussianBlur(np.random.default_rng(0).standard_normal((90, 120)), (0, 0), 2)
    mask = np.zeros((90, 120), np.bool_)
    inside = slice(margin, 90 - margin), slice(margin, 120 - margin)
    mask[inside] = (noise > np.quantile(noise, 1 - share))[inside]
    return mask


@pytest.mark.parametrize("share", [0.05, 0.3])
@pytest.mark.parametrize("margin", [0, 7, 20])
def test_labels_and_statistics_are_opencvs(share: float, margin: int) -> None:
    """Each component has the label that it has in the whole picture, also in a turned one."""
    for mask in (blots(share, margin), blots(share, margin).T):
        labels, stats = connected_components(mask)
        _, expected, whole, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        np.testing.assert_array_equal(labels, expected)
        np.testing.assert_array_equal(stats[1:], whole[1:])


def test_nothing_is_found_without_ink() -> None:
    """An empty mask has the background alone, and a box of no size."""
    empty = np.zeros((5, 8), np.bool_)
    labels, stats = connected_components(empty)
    assert not labels.any()
    assert stats.shape == (1, 5)
    assert inked_box(empty).width == inked_box(empty).height == 0


def test_a_box_and_labels_by_hand() -> None:
    """The box ends after the last ink; only chosen labels are in the mask."""
    labels = np.array([[0, 0, 0, 0], [0, 2, 1, 0], [0, 3, 3, 0]], np.int32)
    assert inked_box(labels > 0) == Box(1, 1, 3, 3)
    np.testing.assert_array_equal(labelled(labels, {1, 3}), (labels == 1) | (labels == 3))
    assert not labelled(labels, []).any()
