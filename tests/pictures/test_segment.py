import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from benchmarks import hard_pictures, non_digits, paper
from pictures.arrays import Levels, UInt8Array
from pictures.connected import inked_box
from pictures.decode import decode
from pictures.segment import Steps, attempts, cut_out, find_digits
from tests.app.conftest import STROKES, drawn, encoded, images_in
from tests.pictures.anything import sheets


@pytest.mark.parametrize("digit", STROKES)
def test_ink_paper_and_size_do_not_matter(digit: int) -> None:
    """The 28x28 image hardly changes with the size or the colours of ink and paper."""
    (expected,) = images_in(encoded(drawn(digit)))
    variants = [
        encoded(drawn(digit, ink="white", paper="black")),
        encoded(drawn(digit, ink="navy", paper="khaki")),
        encoded(drawn(digit, ink="gold")),
        encoded(drawn(digit).resize((700, 700), Image.Resampling.BICUBIC)),
        encoded(drawn(digit).resize((40, 40), Image.Resampling.BOX), "JPEG", quality=80),
    ]
    for variant in variants:
        (image,) = images_in(variant)
        assert np.abs(image.astype(int) - expected).mean() < 12


def test_digits_come_left_to_right() -> None:
    """Ten digits side by side are found in order, each within its own hundred pixels."""
    steps = find_digits(decode(encoded(drawn(*range(10)))).grey)
    assert len(steps.digits) == 10
    scale = 1000 / steps.grey.shape[1]
    assert [round(digit.box.left * scale) // 100 for digit in steps.digits] == list(range(10))


@pytest.mark.slow
@given(grey=sheets())
def test_any_levels_give_digits_in_them_or_a_reason(grey: Levels) -> None:
    """Each way to find digits gives 28x28 images and boxes in the picture, or says why not."""
    height, width = grey.shape
    for variants in attempts(grey):
        for steps in variants:
            assert bool(steps.digits) != bool(steps.reason)
            assert "\n" not in steps.reason
            for digit in steps.digits:
                assert digit.image.shape == (28, 28)
                assert digit.image.dtype == np.uint8
                assert 0 <= digit.box.left <= digit.box.right <= width
                assert 0 <= digit.box.top <= digit.box.bottom <= height


@given(
    digit=st.sampled_from([*STROKES]),
    side=st.integers(24, 110),
    left=st.integers(4, 30),
    top=st.integers(4, 30),
)
def test_the_box_of_a_small_picture_is_in_its_own_pixels(
    digit: int, side: int, left: int, top: int
) -> None:
    """A small picture is enlarged to be read, and the box is that of the ink as it came."""
    sheet = np.full((side + 34, side + 34), 255, np.uint8)
    small = drawn(digit).convert("L").resize((side, side), Image.Resampling.BOX)
    sheet[top : top + side, left : left + side] = np.asarray(small)
    (found,) = find_digits(sheet / np.float32(255)).digits
    assert np.abs(np.subtract(found.box, inked_box(sheet < 128))).max() <= 2


@given(
    half=arrays(np.uint8, st.tuples(st.just(10), st.integers(2, 20))),
    is_wide=st.booleans(),
)
def test_an_image_in_mnist_form_is_unchanged(half: UInt8Array, is_wide: bool) -> None:
    """28x28 pixels with the ink centred in 20x20 come out as they are, bit by bit.

    The ink is as large turned upside down, so its centre of mass is its middle.
    """
    half[0, 0], half[0, -1], half[-1, :2] = 200, 9, 255
    ink = np.vstack([half, half[::-1, ::-1]])
    left = (28 - ink.shape[1]) // 2
    image = np.zeros((28, 28), np.uint8)
    image[4:24, left : left + ink.shape[1]] = ink
    image = np.ascontiguousarray(image.T) if is_wide else image
    (again,) = images_in(encoded(Image.fromarray(image)))
    np.testing.assert_array_equal(again, image)


@pytest.mark.slow
@pytest.mark.parametrize("kind", hard_pictures.KINDS)
def test_hard_pictures_hold_one_digit(kind: str) -> None:
    """The digit is found in a shadow, on squared paper, in ballpoint, in chalk and so on."""
    (plain,) = images_in(encoded(drawn(2)))
    (image,) = images_in(hard_pictures.KINDS[kind](plain, np.random.default_rng(1)))
    assert np.abs(image.astype(int) - plain).mean() < 30


def test_empty_sheets_are_blank() -> None:
    """A sheet without ink is blank, even in a photo with paper texture and uneven light."""
    assert find_digits(np.full((100, 140), 0.8, np.float32)).reason == "the sheet is blank"
    random = np.random.default_rng(0)
    sheet = np.full((200, 260, 3), 0.9, np.float32) * np.linspace(0.6, 1, 260)[:, np.newaxis]
    photo = paper.jpeg(paper.photographed(sheet.astype(np.float32), random))
    assert find_digits(decode(photo).grey).reason == "the sheet is blank"


def test_pages_of_text_are_rejected() -> None:
    """A page of text is not a row of digits."""
    random = np.random.default_rng(0)
    for _ in range(5):
        assert find_digits(decode(non_digits.page_of_text(random)).grey).reason


def test_the_border_of_the_picture_does_not_matter() -> None:
    """A digit cropped to its ink is cut out as from a large sheet, with its box moved."""
    large = 1 - np.asarray(drawn(5).convert("L"), np.float32) / np.float32(255)
    box = inked_box(large > 0.5)
    window = slice(box.top, box.bottom), slice(box.left, box.right)
    for above, below, before, after in [(0, 50, 60, 3), (60, 2, 0, 50), (4, 0, 1, 0)]:
        near, far = (
            np.pad(large[window], ((above + more, below + more), (before + more, after + more)))
            for more in (0, 40)
        )
        digit, same = (cut_out(sheet, sheet > 0.5, 2, 0.0) for sheet in (near, far))
        np.testing.assert_array_equal(digit.image, same.image)
        expected = (before, above, before + box.width, above + box.height)
        assert digit.box == tuple(round(value / 2) for value in expected)


@pytest.mark.parametrize("left", [0, 50])
def test_the_likelier_variant_comes_first(left: int) -> None:
    """Without the line if it goes further than the digit; else with it, as it may be a stroke.

    Without a line there is one variant.
    """
    sheet = np.asarray(drawn(8).convert("L"), np.float32) / np.float32(255)
    sheet = np.pad(sheet, 20, constant_values=1)[:, left:]
    (only,) = next(attempts(sheet))
    sheet[70:73, 5 if left == 0 else 0 : 135 - left] = 0
    variants = list(next(attempts(sheet)))
    without, lined = variants if left == 0 else variants[::-1]
    assert not without.writing[:, 130 - left :].any()
    assert without.writing.sum() == pytest.approx(only.writing.sum(), rel=0.03)
    assert lined.writing.sum() > 1.05 * only.writing.sum()
    assert not only.is_mnist_form


def ways(grey: Levels) -> list[Steps]:
    """Return all ways to find the digits in grey levels, with all their variants."""
    return [steps for variants in attempts(grey) for steps in variants]


def test_a_small_white_digit_may_be_used_as_it_is() -> None:
    """The last way takes all 28x28 pixels, where the digit is not centred as in MNIST."""
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 10:13], image[1, 1], image[1, 2] = 255, 51, 52
    grey = image / np.float32(255)
    *others, last = ways(grey)
    assert others
    assert all(steps.factor == 4 and not steps.is_mnist_form for steps in others)
    assert (last.factor, last.is_mnist_form, last.boxes, last.reason) == (1, False, [], "")
    ((box, found),) = last.digits
    assert box == (4, 4, 24, 24)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, image)
    for mask in (last.mask, last.writing, last.components):
        np.testing.assert_array_equal(mask, image > 51)
    (only,) = ways(np.pad(grey[4:24, 10:13], ((4, 4), (12, 13))))
    assert only.is_mnist_form


@pytest.mark.parametrize(
    ("paper", "ink", "shape", "expected"),
    [
        (0, 1, (28, 28), True),
        (1, 0, (28, 28), False),
        (0, 1, (28, 29), False),
        (0.3, 1, (28, 28), False),
        (0.29, 1, (28, 28), True),
        (0, 0.2, (28, 28), False),
        (0, 0.21, (28, 28), True),
    ],
)
def test_what_may_be_used_as_it_is(
    paper: float, ink: float, shape: tuple[int, int], expected: bool
) -> None:
    """Only 28x28 pixels whose paper is dark, below 0.3, with levels that differ by over 0.2."""
    grey = np.full(shape, paper, np.float32)
    grey[6:20, 10:13] = ink
    assert (ways(grey)[-1].factor == 1) is expected
