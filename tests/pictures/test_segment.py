import numpy as np
import pytest
from PIL import Image

from benchmarks import hard_pictures, non_digits, paper
from pictures.decode import decode
from pictures.segment import find_digits
from tests.app.conftest import STROKES, drawn, encoded, images_in


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


def test_an_image_in_mnist_form_is_unchanged() -> None:
    """A picture that is already a normalised 28x28 image is unchanged."""
    (image,) = images_in(encoded(drawn(5)))
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
