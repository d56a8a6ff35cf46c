import numpy as np
import pytest
from PIL import Image

from app.image import (
    boxed,
    centred,
    find_digits,
    full_range,
    is_mnist_form,
    stroke_width,
    thickened,
    writing_fault,
)
from app.picture import read_picture
from app.strokes import Box
from benchmarks import hard_pictures, no_digits
from tests.app.conftest import STROKES, drawn, encoded


def _bar(width: int) -> np.ndarray:
    """Draw an upright bar of 100 pixels height."""
    mask = np.zeros((140, 140), np.bool_)
    mask[20:120, 70 - width // 2 : 70 - width // 2 + width] = True
    return mask


@pytest.mark.parametrize("width", [3, 8, 20])
def test_stroke_width_of_a_bar(width: int) -> None:
    """The width of a bar is found to within one and a half pixels."""
    assert stroke_width(_bar(width)) == pytest.approx(width, abs=1.5)


def test_thin_strokes_are_thickened_and_others_left() -> None:
    """A line of 3 in 100 pixels becomes one of 2.8 in 20; one of 16 is as it was."""
    thin = thickened(_bar(3).astype(np.float32), _bar(3))
    assert (thin[70] > 0.5).sum() == pytest.approx(2.8 * 5, abs=2)
    thick = _bar(16).astype(np.float32)
    assert thickened(thick, _bar(16)) is thick


def test_full_range_by_hand() -> None:
    """Grey ink becomes full ink, half of it half; away from the mask there is nothing."""
    ink = np.full((40, 40), 0.1, np.float32)
    ink[10:30, 18:22], ink[10:30, 22] = 0.5, 0.3
    mask = ink > 0.2
    stretched = full_range(ink, mask, paper=0.1)
    np.testing.assert_allclose(stretched[12:28, 19:21], 1, atol=1e-3)
    np.testing.assert_allclose(stretched[12:28, 22], 0.5, atol=1e-3)
    assert stretched[:, :10].max() == 0


@pytest.mark.parametrize(
    ("shape", "expected"), [((100, 50), (20, 10)), ((30, 90), (7, 20)), ((10, 10), (20, 20))]
)
def test_boxed_keeps_the_shape(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    """The longer side becomes 20, the other in proportion; empty edges do not count."""
    assert boxed(np.pad(np.ones(shape, np.float32), 7)).shape == expected


def test_centred_by_mass() -> None:
    """A heavy left part moves right of where the box alone would stand, as far as it has room."""
    even = centred(np.ones((20, 10), np.float32))
    assert even[4:24, 9:19].min() == 255
    assert even.sum() == 255 * 200
    heavy = np.full((20, 20), 0.1, np.float32)
    heavy[:, :4] = 1
    image = centred(heavy)
    rows, columns = np.nonzero(image)
    assert (rows.min(), rows.max()) == (4, 23)
    assert (columns.min(), columns.max()) == (8, 27)


@pytest.mark.parametrize(
    ("boxes", "fault"),
    [
        ([], "blank"),
        ([Box(0, 0, 10, 20)] * 21, "21 pieces"),
        ([Box(0, 0, 10, 20), Box(2, 50, 12, 70)], "several rows"),
        ([Box(0, 0, 90, 20)], "too wide"),
        ([Box(0, 0, 10, 20), Box(20, 5, 30, 25)], ""),
    ],
)
def test_what_is_no_row_of_digits(boxes: list[Box], fault: str) -> None:
    """Specks, a page of text and a word are told apart from a row of digits."""
    found = writing_fault(boxes, (100, 100))
    assert fault in found
    assert bool(fault) == bool(found)


def _images(content: bytes) -> list[np.ndarray]:
    return [digit.image for digit in find_digits(read_picture(content).grey).digits]


@pytest.mark.parametrize("digit", STROKES)
def test_the_picture_does_not_matter(digit: int) -> None:
    """Size, ink, paper, and which is light, hardly change the 28x28."""
    (expected,) = _images(encoded(drawn(digit)))
    variants = [
        encoded(drawn(digit, ink="white", paper="black")),
        encoded(drawn(digit, ink="navy", paper="khaki")),
        encoded(drawn(digit, ink="gold")),
        encoded(drawn(digit).resize((700, 700), Image.Resampling.BICUBIC)),
        encoded(drawn(digit).resize((40, 40), Image.Resampling.BOX), "JPEG", quality=80),
    ]
    for variant in variants:
        (image,) = _images(variant)
        assert np.abs(image.astype(int) - expected).mean() < 12


def test_digits_come_left_to_right() -> None:
    """Ten digits side by side, each in its own hundred pixels."""
    steps = find_digits(read_picture(encoded(drawn(*range(10)))).grey)
    assert len(steps.digits) == 10
    scale = 1000 / steps.grey.shape[1]
    assert [round(digit.box.left * scale) // 100 for digit in steps.digits] == list(range(10))


def test_mnist_is_left_as_it_is() -> None:
    """What has MNIST's form comes out as it went in; moved or on grey, it has not."""
    (image,) = _images(encoded(drawn(5)))
    levels = image.astype(np.float32) / 255
    assert is_mnist_form(levels)
    assert not is_mnist_form(np.roll(levels, 2, axis=1))
    assert not is_mnist_form(np.maximum(levels, 0.01).astype(np.float32))
    assert not is_mnist_form(np.zeros((28, 28), np.float32))
    (again,) = _images(encoded(Image.fromarray(image)))
    np.testing.assert_array_equal(again, image)


@pytest.mark.parametrize("kind", hard_pictures.KINDS)
def test_hard_pictures_hold_one_digit(kind: str) -> None:
    """Shadow, squares, ballpoint, chalk and the rest: the same strokes are found."""
    (plain,) = _images(encoded(drawn(2)))
    (image,) = _images(hard_pictures.KINDS[kind](plain, np.random.default_rng(1)))
    assert np.abs(image.astype(int) - plain).mean() < 30


def test_empty_sheets_hold_none() -> None:
    """A sheet without ink is blank, also as a photo with paper texture and uneven light."""
    assert find_digits(np.full((100, 140), 0.8, np.float32)).fault == "the sheet is blank"
    random = np.random.default_rng(0)
    sheet = np.full((200, 260, 3), 0.9, np.float32) * np.linspace(0.6, 1, 260)[:, np.newaxis]
    photo = hard_pictures.jpeg(hard_pictures.photographed(sheet.astype(np.float32), random))
    assert find_digits(read_picture(photo).grey).fault == "the sheet is blank"


def test_pages_of_text_hold_none() -> None:
    """Many pieces of writing are no row of digits."""
    random = np.random.default_rng(0)
    for _ in range(5):
        assert find_digits(read_picture(no_digits.page_of_text(random)).grey).fault
