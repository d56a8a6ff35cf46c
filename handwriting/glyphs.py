"""Draw the characters of fonts."""

import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont
from ruamel.yaml import YAML

from handwriting.fonts import FontFile, Kind, Split
from pictures.arrays import Levels

_SIMILAR = YAML(typ="safe").load(
    Path(__file__).with_name("like_a_digit.yaml").read_text(encoding="utf-8")
)
LIKE_A_DIGIT = frozenset("".join(_SIMILAR.values()))
LETTERS, SYMBOLS = ("Lu", "Ll", "Lo"), ("So", "Sm", "Sc")
SIGNS = "#%&*?@"  # of other categories
DIGITS = "0123456789"
# Fonts whose digits are hard to tell for people too, or are shown on a shape or in outline.
WITHOUT_DIGITS = ("monofett", "ewert", "nosifer", "cinzel-decorative", "fredericka-the-great")
SIZE = 110  # pixels, of the font
ACCENTED = 0.1  # the share of letters with an accent
SYMBOL = 0.12  # the share of symbols where a font has them


class Face(NamedTuple):
    """A font file with the characters that may be drawn of it."""

    path: Path
    letters: str  # plain
    accented: str
    symbols: str
    digits: str


def faces(fonts: list[FontFile], folder: Path, kinds: set[Kind], split: Split) -> list[Face]:
    """Return the faces of the listed fonts of some kinds and a split."""
    return [
        _face(folder / font.file, font.package)
        for font in fonts
        if font.kind in kinds and font.split == split
    ]


@cache
def _face(path: Path, package: str) -> Face:
    with TTFont(path, lazy=True) as font:
        found = "".join(map(chr, sorted(font.getBestCmap())))
    usable = [one for one in found if one.isprintable() and not is_like_a_digit(one)]
    letters = [one for one in usable if unicodedata.category(one) in LETTERS]
    plain = "".join(one for one in letters if not unicodedata.decomposition(one))
    symbols = "".join(one for one in usable if unicodedata.category(one) in SYMBOLS or one in SIGNS)
    has_digits = all(one in found for one in DIGITS) and not package.endswith(WITHOUT_DIGITS)
    accented = "".join(one for one in letters if one not in plain)
    return Face(path, plain, accented, symbols, DIGITS if has_digits else "")


def is_like_a_digit(character: str) -> bool:
    """Return whether a character, without accents and in its usual width, is like a digit."""
    plain = unicodedata.normalize("NFKD", character)[0]
    return not LIKE_A_DIGIT.isdisjoint({character, plain}) or plain in DIGITS


def negative(face: Face, random: np.random.Generator) -> str:
    """Choose a character that is no digit, "" if the face has none."""
    share = random.random()
    if face.symbols and share < SYMBOL:
        choices = face.symbols
    elif face.accented and share < SYMBOL + ACCENTED:
        choices = face.accented
    else:
        choices = face.letters or face.symbols
    return choices[int(random.integers(len(choices)))] if choices else ""


@cache
def _font(path: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, SIZE, layout_engine=ImageFont.Layout.BASIC)


def drawn(face: Face, text: str) -> Levels | None:
    """Draw characters as ink (H, W); None if the font draws nothing for them."""
    font = _font(face.path)
    left, top, right, bottom = (round(value) for value in font.getbbox(text))
    if not (4 <= right - left <= 8 * SIZE and 4 <= bottom - top <= 4 * SIZE):
        return None
    image = Image.new("L", (right - left + 8, bottom - top + 8))
    ImageDraw.Draw(image).text((4 - left, 4 - top), text, 255, font)
    ink = np.asarray(image, np.float32) / 255
    return ink if ink.max() > 0.5 else None
