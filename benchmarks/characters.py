"""Make pictures of letters and signs that look like no digit.

Each kind of picture is a function that takes a random generator and returns the content of a
picture file.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.paper import BLACK, WHITE, on_paper, png
from benchmarks.strokes import Random, cropped, distorted
from pictures.arrays import Levels

# Left out, as people also write or read them as a digit: O D Q o as 0; I J L T i j l r as 1 or 7;
# Z z as 2; B as 8; S s as 5; G b C c as 6; P g q p as 9; Y y U u V v t f as 4 or 7.
LETTERS = "AEFHKMNRWXadehkmnwx"
# Left out for the same reason: Greek beta, gamma, delta, epsilon, theta, iota, omicron, rho, sigma,
# tau, phi; Cyrillic be, ve, ge, ze, o, es, tse, che, e.
OTHER_LETTERS = "ΔΛΞΠΣΨΩηκλμπχψωДЖИКЛМНФШЩЪЮЯджиклмнфшщъюя"
SIGNS = ("plus", "minus", "times", "divide", "equals")

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
# These have Greek and Cyrillic letters too.
WIDE_FONTS = (
    *("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSans-Bold", "DejaVuSansMono"),
    *("DejaVuSerif", "DejaVuSerif-Italic"),
    *("STIXGeneral", "STIXGeneralItalic", "STIXGeneralBol"),
)
LATIN_FONTS = (
    *WIDE_FONTS,
    *("DejaVuSerif-Bold", "DejaVuSansMono-Oblique", "STIXGeneralBolIta"),
    *("cmr10", "cmb10", "cmss10", "cmti10", "cmtt10"),
)
HERSHEY_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
LARGE = 96  # pixels of a character before it is distorted


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / f"{name}.ttf", LARGE)


def printed(character: str, font: str) -> Levels:
    """Draw a character in one of matplotlib's fonts, as ink (h, w) without a margin."""
    canvas = Image.new("L", (3 * LARGE, 3 * LARGE))
    ImageDraw.Draw(canvas).text((LARGE, LARGE // 2), character, 255, _font(font))
    return cropped(np.asarray(canvas, np.float32) / 255)


def plotted(letter: str, font: int, thickness: int) -> Levels:
    """Draw a letter in one of OpenCV's fonts of strokes, as ink (h, w) without a margin."""
    canvas = np.zeros((3 * LARGE, 3 * LARGE), np.uint8)
    cv2.putText(canvas, letter, (LARGE, 2 * LARGE), font, 3.5, 255, thickness, cv2.LINE_AA)
    return cropped(canvas.astype(np.float32) / 255)


def like_handwriting(ink: Levels, random: Random) -> bytes:
    """Bend and slant ink (h, w), and put it on white paper of 60 to 280 px."""
    ink = cv2.resize(ink, None, fx=LARGE / max(ink.shape), fy=LARGE / max(ink.shape))
    bend, slant = random.uniform(0.02, 0.04), random.uniform(-0.3, 0.3)
    ink = distorted(np.pad(ink, LARGE // 3), random, bend, slant)
    ink = in_square(np.clip(ink, 0, 1), int(random.integers(60, 280)), random.uniform(0.55, 0.8))
    return png(on_paper(ink, BLACK, WHITE))


def in_square(ink: Levels, side: int, share: float) -> Levels:
    """Centre ink on an empty square sheet, with its longer side `share` of the sheet's."""
    ink = cropped(ink)
    factor = share * side / max(ink.shape)
    size = [max(1, round(length * factor)) for length in ink.shape]
    ink = cv2.resize(ink, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    top, left = ((side - length) // 2 for length in size)
    return np.pad(ink, ((top, side - size[0] - top), (left, side - size[1] - left)))


def _one_of(options: str | tuple[str, ...], random: Random) -> str:
    return options[int(random.integers(len(options)))]


def letter_by_hand(random: Random) -> bytes:
    letter = _one_of(LETTERS, random)
    if random.integers(2):
        return like_handwriting(printed(letter, _one_of(LATIN_FONTS, random)), random)
    font = HERSHEY_FONTS[int(random.integers(len(HERSHEY_FONTS)))]
    return like_handwriting(plotted(letter, font, int(random.integers(6, 14))), random)


def other_letter(random: Random) -> bytes:
    ink = printed(_one_of(OTHER_LETTERS, random), _one_of(WIDE_FONTS, random))
    return like_handwriting(ink, random)


def printed_letter(random: Random) -> bytes:
    """White on black, 28x28, as in notMNIST."""
    ink = printed(_one_of(LETTERS, random), _one_of(LATIN_FONTS, random))
    return white_on_black(in_square(ink, 28, random.uniform(0.7, 1)))


def white_on_black(ink: Levels) -> bytes:
    """Encode ink (H, W) as a PNG file, white on black."""
    return png(np.repeat(ink[..., np.newaxis], 3, axis=2))


def sign(random: Random) -> bytes:
    """Draw plus, minus, times, divide or equals with slightly bent strokes, at times 28x28."""
    name = _one_of(SIGNS, random)
    canvas = np.zeros((LARGE, LARGE), np.uint8)
    thickness = int(random.integers(5, 12))

    def line(*ends: tuple[int, int]) -> None:
        start, end = (np.array(point) + random.integers(-5, 6, 2) for point in ends)
        cv2.line(canvas, start.tolist(), end.tolist(), 255, thickness, cv2.LINE_AA)

    if name == "times":
        line((20, 20), (76, 76))
        line((76, 20), (20, 76))
    elif name == "equals":
        line((16, 36), (80, 36))
        line((16, 60), (80, 60))
    else:
        line((14, 48), (82, 48))
    if name == "plus":
        line((48, 14), (48, 82))
    if name == "divide":
        for y in (20, 76):
            cv2.circle(canvas, (48 + int(random.integers(-4, 5)), y), thickness // 2 + 3, 255, -1)
    ink = canvas.astype(np.float32) / 255
    if random.integers(2):
        return like_handwriting(ink, random)
    ink = distorted(ink, random, random.uniform(0.01, 0.03), random.uniform(-0.2, 0.2))
    return white_on_black(in_square(np.clip(ink, 0, 1), 28, random.uniform(0.5, 0.8)))


KINDS: dict[str, Callable[[Random], bytes]] = {
    "letter, distorted": letter_by_hand,
    "Greek or Cyrillic letter, distorted": other_letter,
    "printed letter, 28x28": printed_letter,
    "plus, minus, times, divide, equals": sign,
}
