import base64
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.classifier import Classifier
from app.why import MAX_CHARACTERS, as_data_url, image_in, importance
from pictures.arrays import Probabilities, UInt8Array
from pictures.files import PictureError
from tests.app.conftest import drawn, encoded, images_in


def data_url(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def looks_at_one_pixel(images: UInt8Array) -> Probabilities:
    """Give the digit 3 a probability of 0.9 if the pixel (10, 14) has ink, and 0.1 otherwise."""
    probabilities = np.zeros((len(images), 10), np.float32)
    probabilities[:, 3] = np.where(images[:, 10, 14] > 0, 0.9, 0.1)
    return probabilities


def test_only_what_lies_around_the_decisive_pixel_matters() -> None:
    """With ink everywhere, a pixel matters if a patch covers it and the decisive one, (10, 14).

    The patches have 5x5 pixels and their middles 2 pixels between them. Those that cover (10, 14)
    have their middles in the rows 8, 10 and 12 and the columns 12, 14 and 16.
    """
    found = importance(looks_at_one_pixel, np.full((28, 28), 255, np.uint8), 3)
    around = np.zeros((28, 28), np.bool_)
    around[6:15, 10:19] = True
    assert ((found > 0) == around).all()
    assert (found[~around] == 0).all()
    # The probability falls from 0.9 to 0.1 under all patches over the decisive pixel, and under one
    # of the nine patches over the corner.
    assert found[10, 14] == pytest.approx(0.8)
    assert found[6, 10] == pytest.approx(0.8 / 9)


@pytest.mark.parametrize("pixel", [(0, 0), (0, 27), (27, 0), (27, 27)])
def test_the_corners_count(pixel: tuple[int, int]) -> None:
    """Patches reach every pixel: under each that covers a corner, the probability falls."""

    def looks_at_the_corner(images: UInt8Array) -> Probabilities:
        return (images[:, pixel[0], pixel[1], np.newaxis] > 0).astype(np.float32)

    assert importance(looks_at_the_corner, np.full((28, 28), 255, np.uint8), 0)[pixel] == 1


def test_patches_without_ink_do_not_count() -> None:
    """With ink in the decisive pixel alone, each patch over it counts, and no other."""
    image = np.zeros((28, 28), np.uint8)
    image[10, 14] = 255
    found = importance(looks_at_one_pixel, image, 3)
    assert found[6:15, 10:19] == pytest.approx(0.8)
    assert np.count_nonzero(found) == 81


def test_ink_against_a_digit_counts_negative() -> None:
    """Emptying raises the probability of a digit that the ink speaks against."""

    def against(images: UInt8Array) -> Probabilities:
        return 1 - looks_at_one_pixel(images)

    assert importance(against, np.full((28, 28), 255, np.uint8), 3)[10, 14] == pytest.approx(-0.8)


def test_what_has_the_level_of_empty_paper_counts_as_empty() -> None:
    """Dark on light, patches of the light level are laid over the picture."""

    def looks_at_dark_pixel(images: UInt8Array) -> Probabilities:
        return looks_at_one_pixel(255 - images)

    image = np.full((28, 28), 255, np.uint8)
    image[10, 14] = 0
    found = importance(looks_at_dark_pixel, image, 3, empty=255)
    assert found[6:15, 10:19] == pytest.approx(0.8)
    assert np.count_nonzero(found) == 81


def test_an_empty_image_has_no_importance() -> None:
    """Where there is no ink, nothing can be taken away."""
    assert not importance(looks_at_one_pixel, np.zeros((28, 28), np.uint8), 3).any()


def test_the_strokes_of_a_nine_matter(model: Path) -> None:
    """With the real model, what matters most for a drawn nine is on or beside its strokes."""
    (image,) = images_in(encoded(drawn(9)))
    found = importance(Classifier(model), image, 9)
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert found[row, column] > 0.1
    assert image[row - 2 : row + 3, column - 2 : column + 3].max() > 127


def test_reads_the_images_that_the_server_gives() -> None:
    """An image survives the way to the page and back."""
    (image,) = images_in(encoded(drawn(3)))
    assert (image_in(as_data_url(image)) == image).all()


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG, with the right checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


ELSE = (
    '"image": found something else, expected at most 8192 characters that begin with '
    "data:image/png;base64,"
)
DAMAGED = '"image": a damaged PNG, expected the image that /read gave'
OTHER_FORM = '"image": expected a PNG of 28x28 pixels in 8-bit grey'


def pictures_of_other_forms() -> dict[str, tuple[bytes, str]]:
    """Return pictures that are no 28x28 PNG in 8-bit grey or only look like one, and the errors."""
    grey = Image.new("L", (28, 28))
    valid = encoded(grey)
    text = PngInfo()
    text.add_text("a", "b" * 9000)
    huge = chunk(b"IHDR", b"\x7f" * 8 + valid[24:29])
    lower = chunk(b"IHDR", struct.pack(">II", 28, 27) + valid[24:29])
    return {
        "another size": (encoded(Image.new("L", (28, 29))), OTHER_FORM),
        "colours": (encoded(Image.new("RGB", (28, 28))), OTHER_FORM),
        "16 bits": (encoded(Image.new("I;16", (28, 28))), OTHER_FORM),
        "a palette": (encoded(Image.new("P", (28, 28))), OTHER_FORM),
        "another format": (encoded(grey, "BMP"), OTHER_FORM),
        "cut off": (valid[:40], DAMAGED),
        "damaged": (valid[:45] + bytes([valid[45] ^ 255]) + valid[46:], DAMAGED),
        "too long": (encoded(grey, pnginfo=text), ELSE),
        "an empty profile": (valid[:-12] + chunk(b"iCCP", b"") + valid[-12:], DAMAGED),
        "a huge second header": (valid[:33] + huge + valid[33:], DAMAGED),
        "a second header of another size": (valid[:33] + lower + valid[33:], OTHER_FORM),
        "empty": (b"", OTHER_FORM),
    }


@pytest.mark.parametrize("kind", pictures_of_other_forms())
def test_refuses_other_images(kind: str) -> None:
    """Anything but a 28x28 PNG in 8-bit grey is refused in one line that says what is expected."""
    content, message = pictures_of_other_forms()[kind]
    with pytest.raises(PictureError) as error:
        image_in(data_url(content))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ELSE),
        ("data:image/jpeg;base64,", ELSE),
        ("ä", ELSE),
        ("data:image/png;base64,%%%", DAMAGED),
        (data_url(encoded(Image.new("L", (28, 28)))).replace(",", ",!!!!"), DAMAGED),
        ("data:image/png;base64,".ljust(MAX_CHARACTERS, "a"), DAMAGED),
        ("data:image/png;base64,".ljust(MAX_CHARACTERS + 1, "a"), ELSE),
    ],
)
def test_refuses_other_texts(text: str, message: str) -> None:
    """A text that is no data URL of a PNG is refused in one line that says what is expected."""
    with pytest.raises(PictureError) as error:
        image_in(text)
    assert str(error.value) == message
