from pathlib import Path

import pillow_heif
import pillow_jxl  # noqa: F401 - makes Pillow write JPEG XL
import pytest
from PIL import Image, UnidentifiedImageError

from app.class_reader import ClassReader
from app.example import SUFFIX_OF, example_in, real_suffix, to_save
from app.reader import Reader
from pictures.decode import BYTES_PER_PIXEL, decode
from pictures.files import SUFFIXES, PictureError
from pictures.labelled import digit_image
from tests.app.conftest import drawn, encoded

pillow_heif.register_heif_opener()


def test_a_small_dark_digit_is_taught_as_it_is_read(reader: Reader) -> None:
    """A picture of 28x28 pixels, dark on light, gives the image that /read gives: on black."""
    content = encoded(drawn(7).convert("L").resize((28, 28), Image.Resampling.BOX))
    image = example_in(reader, content)
    assert image[0, 0] == 0
    assert (image == reader.recognise(content).answers[0].image).all()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_digit_that_was_cut_out_of_a_row_stays(reader: Reader, place: int) -> None:
    """The image of a digit of a row, as /read gives it, is the example itself."""
    image = reader.recognise(encoded(drawn(4, 7, 2))).answers[place].image
    assert (example_in(reader, encoded(Image.fromarray(image))) == image).all()


@pytest.mark.parametrize(
    ("picture", "found"),
    [
        (drawn(1, 2), "found 2 digits"),
        (Image.new("L", (28, 28)), "found 0 digits: the sheet is blank"),
    ],
)
def test_no_single_digit_is_no_example(reader: Reader, picture: Image.Image, found: str) -> None:
    """A row, and an empty image, are refused; of the second the reader says why."""
    with pytest.raises(PictureError) as error:
        example_in(reader, encoded(picture))
    assert str(error.value) == f"{found}, expected a single one"


def test_the_pipeline_finds_what_the_page_read(reader: Reader) -> None:
    """A plain drawing is saved as it is; the image, where the pipeline would take another one."""
    content = encoded(drawn(7))
    image = example_in(reader, content)
    assert to_save(reader, content, image) == content
    other = example_in(reader, encoded(drawn(3)))
    assert (digit_image(to_save(reader, content, other)) == other).all()


def test_a_picture_of_another_class_is_saved_as_it_is(model: Path) -> None:
    """It is the example as a whole; nothing is looked for in it."""
    reader, content = ClassReader(model, tuple("abcdefghij")), encoded(drawn(1, 2))
    assert to_save(reader, content, example_in(reader, content)) == content


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        ("PNG", ".png"),
        ("JPEG", ".jpg"),
        ("MPO", ".jpg"),
        ("BMP", ".bmp"),
        ("GIF", ".gif"),
        ("TIFF", ".tif"),
        ("WEBP", ".webp"),
        pytest.param("HEIF", ".heic", marks=pytest.mark.slow),
        pytest.param("AVIF", ".avif", marks=pytest.mark.slow),
        pytest.param("JXL", ".jxl", marks=pytest.mark.slow),
    ],
)
def test_a_picture_is_saved_under_the_name_of_its_format(kind: str, suffix: str) -> None:
    """Whatever its name was; under this one the pipeline finds it."""
    options = {"save_all": True, "append_images": [drawn(1)]} if kind == "MPO" else {}
    content = encoded(drawn(7), kind, **options)
    decode(content)
    assert real_suffix(content) == suffix
    assert suffix in SUFFIXES


def test_each_format_that_is_read_has_its_name() -> None:
    """A picture that was read can be saved."""
    assert SUFFIX_OF.keys() == BYTES_PER_PIXEL.keys()


def test_no_decoder_of_another_format_is_tried() -> None:
    """A picture in a format that is not allowed counts as none."""
    decode(encoded(drawn(7)))
    with pytest.raises(UnidentifiedImageError):
        real_suffix(encoded(drawn(7), "PPM"))
