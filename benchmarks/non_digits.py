"""Make pictures without digits: empty sheets, pages of text, letters, shapes and scribbles.

Each kind of picture is a function that takes a random generator and returns the content of a
picture file.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.paper import (
    BLACK,
    WHITE,
    jpeg,
    on_paper,
    photographed,
    png,
    shadowed,
    squared,
)
from benchmarks.strokes import Random
from pictures.arrays import Levels

SHAPE = (280, 280)
LETTERS = "AEFHKMNRWXacdefhkmnpruvwxäß&@%#?+="
WORDS = "the quick brown fox jumps over a lazy dog while seven wizards boil some thick porridge"


def _sheet(draw: Callable[[ImageDraw.ImageDraw], None]) -> Levels:
    """Draw in black on white; return levels (H, W, 3)."""
    coverage = Image.new("L", SHAPE)
    draw(ImageDraw.Draw(coverage))
    return on_paper(np.asarray(coverage, np.float32) / 255, BLACK, WHITE)


def blank_photo(random: Random) -> bytes:
    sheet = on_paper(np.zeros(SHAPE, np.float32), BLACK, WHITE)
    return jpeg(photographed(shadowed(sheet, random, depth=0.5), random, noise=0.03))


def squared_photo(random: Random) -> bytes:
    sheet = on_paper(np.zeros(SHAPE, np.float32), BLACK, WHITE)
    sheet = squared(sheet, random, int(random.integers(20, 50)), 1)
    return jpeg(photographed(shadowed(sheet, random, depth=0.3), random))


def page_of_text(random: Random) -> bytes:
    font = ImageFont.load_default(int(random.integers(11, 20)))
    words = WORDS.split()

    def draw(sheet: ImageDraw.ImageDraw) -> None:
        for top in range(12, 260, 24):
            sheet.text((12, top), " ".join(random.permutation(words)[:6]), 255, font)

    return png(_sheet(draw))


def letter(random: Random) -> bytes:
    character = LETTERS[int(random.integers(len(LETTERS)))]
    font = ImageFont.load_default(int(random.integers(120, 200)))
    return png(_sheet(lambda sheet: sheet.text((70, 30), character, 255, font)))


def shape(random: Random) -> bytes:
    """Draw a filled or hollow polygon, a star or a smiling face."""
    corners = int(random.integers(3, 8))
    angles = random.uniform(0, 1) + np.arange(corners) * 2 * np.pi / corners
    order = np.argsort(np.arange(corners) * 2 % corners) if corners in (5, 7) else slice(None)
    points = [(140 + 90 * float(np.cos(a)), 140 + 90 * float(np.sin(a))) for a in angles[order]]
    kind = int(random.integers(3))

    def draw(sheet: ImageDraw.ImageDraw) -> None:
        if kind == 0:
            sheet.polygon(points, fill=255)
        elif kind == 1:
            sheet.line([*points, points[0]], 255, 14)
        else:
            sheet.ellipse((50, 50, 230, 230), outline=255, width=12)
            sheet.ellipse((100, 100, 118, 118), fill=255)
            sheet.ellipse((162, 100, 180, 118), fill=255)
            sheet.arc((95, 110, 185, 190), 20, 160, 255, 12)

    return png(_sheet(draw))


def scribble(random: Random) -> bytes:
    points = [tuple(point) for point in random.uniform(40, 240, (int(random.integers(8, 30)), 2))]
    return png(_sheet(lambda sheet: sheet.line(points, 255, 9, joint="curve")))


KINDS: dict[str, Callable[[Random], bytes]] = {
    "empty sheet, photographed": blank_photo,
    "empty squared paper, photographed": squared_photo,
    "page of text": page_of_text,
    "letter or sign": letter,
    "shape": shape,
    "scribble": scribble,
}
