"""The kinds of made images: what is drawn, and of what material.

Each kind is a function from the material and a random generator to an image and its label, or None
if nothing came of it. Positives are made in the same ways as negatives, so that a network cannot
tell them by the look of made pictures.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from handwriting import pieces, shapes, strokes
from handwriting.distortion import Random, distorted
from handwriting.fonts import FontFile, Kind, Split
from handwriting.glyphs import Face, drawn, faces, negative
from handwriting.pens import repenned, with_other_pen
from handwriting.reading import as_image
from handwriting.settings import NONE
from pictures.arrays import Levels, UInt8Array
from stages.shared.arrays import load_split


class Material(NamedTuple):
    """What images of one split are made of."""

    digits: UInt8Array  # (N, 28, 28), real ones
    labels: UInt8Array  # (N,)
    faces: dict[Kind, list[Face]]


Made = tuple[UInt8Array, int] | None


def load_material(processed: Path, fonts: list[FontFile], folder: Path, split: Split) -> Material:
    """Load the digits and open the fonts of a split."""
    images, labels = load_split(processed, split)
    kinds: tuple[Kind, ...] = ("handwriting", "script", "printed")
    return Material(
        images[..., 0], labels, {kind: faces(fonts, folder, {kind}, split) for kind in kinds}
    )


def _chosen(material: Material, random: Random) -> tuple[UInt8Array, int]:
    index = int(random.integers(len(material.labels)))
    return material.digits[index], int(material.labels[index])


def _made(ink: Levels, label: int, random: Random) -> Made:
    image = as_image(ink, random)
    return None if image is None else (image, label)


def _character(kind: Kind) -> Callable[[Material, Random], Made]:
    def make(material: Material, random: Random) -> Made:
        face = material.faces[kind][int(random.integers(len(material.faces[kind])))]
        text = negative(face, random)
        ink = drawn(face, text) if text else None
        if ink is None:
            return None
        return _made(with_other_pen(distorted(ink, random), random), NONE, random)

    return make


def _font_digit(material: Material, random: Random) -> Made:
    found = [face for name in ("handwriting", "printed") for face in material.faces[name]]
    with_digits = [face for face in found if face.digits]
    face = with_digits[int(random.integers(len(with_digits)))]
    label = int(random.integers(10))
    ink = drawn(face, face.digits[label])
    if ink is None:
        return None
    return _made(with_other_pen(distorted(ink, random), random), label, random)


def _drawing(draw: Callable[[Random], Levels]) -> Callable[[Material, Random], Made]:
    return lambda _, random: _made(distorted(draw(random), random, 0.6), NONE, random)


def _drawn_digit(_: Material, random: Random) -> Made:
    label = int(random.integers(10))
    return _made(distorted(strokes.digit(label, random), random, 0.6), label, random)


def _read_digit(material: Material, random: Random) -> Made:
    image, label = _chosen(material, random)
    return _made(repenned(image, random), label, random)


def _turned(material: Material, random: Random) -> Made:
    image = pieces.turned(*_chosen(material, random), random)
    return None if image is None else _plain_or_read(image, random)


def _piece(material: Material, random: Random) -> Made:
    combine = pieces.COMBINED[int(random.integers(len(pieces.COMBINED)))]
    (one, _), (other, _) = _chosen(material, random), _chosen(material, random)
    image = combine(one, other, random)
    return None if image is None else _plain_or_read(image, random)


def _plain_or_read(image: UInt8Array, random: Random) -> Made:
    return (image, NONE) if random.random() < 0.5 else _made(repenned(image, random), NONE, random)


KINDS: dict[str, Callable[[Material, Random], Made]] = {
    "letters": _character("handwriting"),
    "other alphabets": _character("script"),
    "printed letters": _character("printed"),
    "signs": _drawing(strokes.sign),
    "random characters": _drawing(strokes.random_character),
    "scribbles": _drawing(strokes.scribble),
    "filled shapes": _drawing(shapes.filled_shape),
    "silhouettes": _drawing(shapes.silhouette),
    "doodles": _drawing(shapes.doodle),
    "lines": _drawing(shapes.lines),
    "turned digits": _turned,
    "pieces of digits": _piece,
    "read digits": _read_digit,
    "digits of fonts": _font_digit,
    "drawn digits": _drawn_digit,
}
# Kinds of which each image is kept, however near it comes to a digit: their characters, signs and
# shapes were chosen by hand, or they are digits.
CHOSEN = (
    "letters",
    "printed letters",
    "signs",
    "scribbles",
    "filled shapes",
    "silhouettes",
    "doodles",
    "lines",
    "read digits",
    "digits of fonts",
    "drawn digits",
)
