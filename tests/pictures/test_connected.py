import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from pictures.arrays import Mask
from pictures.box import Box
from pictures.connected import connected_components, inked_box, labelled
from tests.pictures.anything import masks


@given(mask=masks(), left=st.integers(0, 3), top=st.integers(0, 3))
def test_components_are_those_that_scipy_finds(mask: Mask, left: int, top: int) -> None:
    """Pixels that touch at a side or a corner are one component, with its own box and area.

    The labels are those that OpenCV gives to the whole picture.
    """
    mask = np.pad(mask, ((top, 0), (left, 0)))
    labels, stats = connected_components(mask)
    np.testing.assert_array_equal(labels, cv2.connectedComponents(mask.astype(np.uint8))[1])
    expected, count = ndimage.label(mask, np.ones((3, 3)))
    assert len(stats) == count + 1
    assert not stats[0].any()
    for (rows, columns), label in zip(
        ndimage.find_objects(expected), range(1, count + 1), strict=True
    ):
        own = labels[expected == label]
        assert (own == own[0]).all()
        left, top, width, height, area = stats[own[0]]
        assert (left, top) == (columns.start, rows.start)
        assert (left + width, top + height) == (columns.stop, rows.stop)
        assert area == own.size


def test_nothing_is_found_without_ink() -> None:
    """An empty mask has the background alone, and a box of no size."""
    empty = np.zeros((5, 8), np.bool_)
    labels, stats = connected_components(empty)
    assert not labels.any()
    np.testing.assert_array_equal(stats, np.zeros((1, 5)))
    assert labels.dtype == stats.dtype == np.int32
    assert inked_box(empty).width == inked_box(empty).height == 0


def test_a_box_and_labels_by_hand() -> None:
    """The box ends after the last ink; only chosen labels are in the mask."""
    labels = np.array([[0, 0, 0, 0], [0, 2, 1, 0], [0, 3, 3, 0]], np.int32)
    assert inked_box(labels > 0) == Box(1, 1, 3, 3)
    np.testing.assert_array_equal(labelled(labels, {1, 3}), (labels == 1) | (labels == 3))
    assert not labelled(labels, []).any()
