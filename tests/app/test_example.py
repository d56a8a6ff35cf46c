import pytest
from PIL import Image

from app.example import example_in, to_save
from app.reader import Reader
from pictures.files import PictureError
from pictures.labelled import digit_image
from tests.app.conftest import drawn, encoded


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


@pytest.mark.parametrize("picture", [drawn(1, 2), Image.new("L", (28, 28))])
def test_no_single_digit_is_no_example(reader: Reader, picture: Image.Image) -> None:
    """A row, and an empty image, are refused."""
    with pytest.raises(PictureError, match=r"\Afound \d digits.*, expected a single one\Z"):
        example_in(reader, encoded(picture))


def test_the_pipeline_finds_what_the_page_read(reader: Reader) -> None:
    """A plain drawing is saved as it is; the image, where the pipeline would take another one."""
    content = encoded(drawn(7))
    image = example_in(reader, content)
    assert to_save(reader, content, image) == content
    other = example_in(reader, encoded(drawn(3)))
    assert (digit_image(to_save(reader, content, other)) == other).all()
