import cv2
import numpy as np
import pytest

from benchmarks import row_pictures, tight_pictures
from benchmarks.cells import Frame, frame_lines
from benchmarks.kinds import KINDS, MAX_DIGITS, MIN_DIGITS, NO_DIGIT, ROWS, samples
from benchmarks.rows import row
from pictures.arrays import Levels, Mask, UInt8Array
from pictures.decode import decode
from stages.shared.arrays import LabelledImages
from tests.app.conftest import STROKES, drawn, encoded, images_in


@pytest.fixture(scope="module")
def digits() -> LabelledImages:
    """Give one image of each digit."""
    images = [images_in(encoded(drawn(digit)))[0] for digit in STROKES]
    return LabelledImages(np.stack(images)[..., np.newaxis], np.arange(10, dtype=np.uint8))


def grey(content: bytes) -> Levels:
    return decode(content).grey


def components(mask: Mask) -> int:
    return int(cv2.connectedComponents(mask.astype(np.uint8))[0]) - 1


@pytest.mark.slow
@pytest.mark.parametrize("group", KINDS)
def test_the_same_data_give_the_same_pictures(group: str, digits: LabelledImages) -> None:
    """Every kind makes picture files that can be decoded, and the same ones each time."""
    for name in KINDS[group]:
        first, again = (list(samples(group, name, digits, 3)) for _ in range(2))
        assert first == again
        for sample in first:
            assert np.ptp(grey(sample.content)) > 0.1


def test_labels_belong_to_the_pictures(digits: LabelledImages) -> None:
    """A picture has the label of its digit, a row those of two to eight, another picture none."""
    assert [s.labels for s in samples("edges", "no margin", digits, 20)] == [[n] for n in range(10)]
    rows = [s.labels for s in samples(ROWS, "row, wide gaps", digits, 30)]
    assert {len(labels) for labels in rows} == set(range(MIN_DIGITS, MAX_DIGITS + 1))
    assert [s.labels for s in samples(NO_DIGIT, "dot", digits, 2)] == [[], []]


def test_a_frame_has_the_lines_that_it_says() -> None:
    """A line 4 px thick and 10 px from the border; the frame ends where two lines meet."""
    random = np.random.default_rng(0)
    left = frame_lines((100, 100), random, Frame((0.04, 0.04), (0.1, 0.1), "left"))
    assert left[50].sum() == pytest.approx(4)
    assert np.average(np.arange(100), weights=left[50]) == pytest.approx(10)
    assert np.flatnonzero(left.any(axis=1)).tolist() == list(range(8, 93))
    whole = frame_lines((100, 100), random, Frame((0.04, 0.04), (0.1, 0.1)))
    assert components(whole > 0.5) == 1
    assert not whole[20:80, 20:80].any()


def test_rows_touch_or_keep_apart() -> None:
    """Three rings that touch are one component; one pixel apart they are three."""
    ring = np.zeros((20, 20), np.uint8)
    cv2.circle(ring, (10, 10), 8, 255, 2)
    inks = [ring[1:-1, 1:-1].astype(np.float32) / 255] * 3
    for gap, count in ((1, 3), (-1, 1)):
        sheet, lefts = row(inks, np.random.default_rng(0), (gap, gap))
        assert components(sheet > 0.5) == count
        assert len(lefts) == 3


@pytest.mark.parametrize("height", range(4))
def test_pictures_of_rows_are_28_to_100_pixels_high(height: int, digits: LabelledImages) -> None:
    """The height is that of a scanned field, whatever the digits."""
    images: UInt8Array = digits.images[[1, 2, 3], ..., 0]
    for make in row_pictures.KINDS.values():
        assert 28 <= len(grey(make(images, np.random.default_rng(height)))) <= 100


def test_tight_crops_have_ink_at_every_border(digits: LabelledImages) -> None:
    """Without a margin each border of the picture has ink."""
    for image in digits.images[..., 0]:
        picture = grey(tight_pictures.no_margin(image, np.random.default_rng(0)))
        for border in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
            assert border.min() < 0.8
