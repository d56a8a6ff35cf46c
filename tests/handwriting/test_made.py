"""The images that are made for training, one by one."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest

from app.classifier import Classifier
from handwriting import shapes, strokes
from handwriting.corruption import CORRUPTIONS
from handwriting.distortion import CANVAS, distorted, ink_box
from handwriting.fonts import FontFile
from handwriting.glyphs import drawn, faces, is_like_a_digit, negative
from handwriting.kinds import KINDS, Material
from handwriting.likeness import Likeness
from handwriting.reading import as_image, read, softened, worn
from handwriting.settings import NONE
from pictures.arrays import UInt8Array
from pictures.normalise import is_mnist_form
from stages.download import split_digits
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
LISTED = [FontFile("dejavu", "1.0.0", "DejaVuSans.ttf", "handwriting", "train", "")]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def material() -> Material:
    """Return scikit-learn's digits and one font for all kinds."""
    images, labels = split_digits()["train"]
    face = faces(LISTED, FONTS, {"handwriting"}, "train")
    return Material(images, labels, {"handwriting": face, "script": face, "printed": face})


@pytest.fixture(scope="module")
def classify() -> Classifier:
    """Return the committed network, which knows digits alone."""
    return Classifier(PROJECT / "app" / "model.tflite")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_images_as_the_reader_does(
    kind: str, material: Material, random: np.random.Generator
) -> None:
    """Nearly all are 20 pixels high or wide and centred, with a label from 0 to 10."""
    made = [one for _ in range(40) if (one := KINDS[kind](material, random))]
    assert len(made) >= 20
    assert all(image.shape == (28, 28) and image.dtype == np.uint8 for image, _ in made)
    labels = {label for _, label in made}
    assert labels == {NONE} or (NONE not in labels and len(labels) > 5)
    in_form = [is_mnist_form(image.astype(np.float32) / 255) for image, _ in made]
    assert np.mean(in_form) > 0.5


@pytest.mark.parametrize("kind", ["read digits", "digits of fonts", "drawn digits"])
def test_a_made_digit_keeps_its_class(
    kind: str, material: Material, random: np.random.Generator, classify: Classifier
) -> None:
    """The committed network reads most as their label says; those of 8x8 pixels are coarse."""
    made = [one for _ in range(120) if (one := KINDS[kind](material, random))]
    found = classify(np.stack([image for image, _ in made])).argmax(axis=1)
    assert np.mean(found == [label for _, label in made]) > 0.75


def test_letters_like_a_digit_are_not_drawn(random: np.random.Generator) -> None:
    """O, l, S, b, g and the like, and digits, are never examples of no digit."""
    (face,) = faces(LISTED, FONTS, {"handwriting"}, "train")
    found = {*face.letters, *face.accented, *face.symbols}
    assert {"A", "D", "h", "x", "#"} <= found
    assert not found & set("0123456789OolISsZzBbgq|")
    assert {negative(face, random) for _ in range(100)} <= found


@pytest.mark.parametrize(
    "character",
    [
        "O",
        "\N{LATIN SMALL LETTER O WITH DIAERESIS}",
        "\N{CIRCLED DIGIT ONE}",
        "\N{FULLWIDTH LATIN CAPITAL LETTER S}",
        "\N{FRACTION SLASH}",
    ],
)
def test_accents_and_widths_make_no_difference(character: str) -> None:
    """A letter like a digit is left out in all its forms."""
    assert is_like_a_digit(character)
    assert not is_like_a_digit("A")


def test_fonts_of_another_split_are_not_drawn() -> None:
    """A font of the training split has no face in validation."""
    assert not faces(LISTED, FONTS, {"handwriting"}, "validation")


def test_a_character_that_the_font_cannot_draw() -> None:
    """A space draws nothing."""
    (face,) = faces(LISTED, FONTS, {"handwriting"}, "train")
    assert drawn(face, " ") is None
    assert drawn(face, "A") is not None


def test_distorted_ink_stays_on_the_canvas(random: np.random.Generator) -> None:
    """Also a wide drawing ends before the border."""
    bar = np.zeros((40, 400), np.float32)
    bar[10:30, 10:390] = 1
    for _ in range(20):
        top, bottom, left, right = ink_box(distorted(bar, random))
        assert top > 0
        assert left > 0
        assert bottom < CANVAS
        assert right < CANVAS


def test_empty_ink_gives_no_image(random: np.random.Generator) -> None:
    """There is nothing to read on empty paper."""
    empty = np.zeros((CANVAS, CANVAS), np.float32)
    assert softened(empty, random) is None
    assert read(worn(empty, random)) is None
    assert as_image(empty, random) is None


@pytest.mark.parametrize("corrupt", CORRUPTIONS)
def test_corruption_keeps_most_of_an_image(
    corrupt: object, material: Material, random: np.random.Generator
) -> None:
    """The image changes, but its form does not."""
    assert callable(corrupt)
    image = material.digits[3]
    changed = [corrupt(image, random) for _ in range(10)]
    assert all(one.shape == image.shape and one.dtype == np.uint8 for one in changed)
    assert any((one != image).any() for one in changed)
    assert all(one.max() > 80 for one in changed)


def test_scribbles_and_doodles_differ_from_digits(
    material: Material, random: np.random.Generator
) -> None:
    """Nearly none is as near to a digit as digits are; most digits are."""
    likeness = Likeness(material.digits[:1000], share=0.9)

    def near(images: list[UInt8Array | None]) -> float:
        return float(np.mean(likeness(np.stack([one for one in images if one is not None]))))

    assert likeness(material.digits[1000:1400]).mean() > 0.75
    for draw in (strokes.scribble, shapes.doodle, shapes.silhouette, shapes.lines):
        assert near([as_image(draw(random), random) for _ in range(40)]) < 0.3
