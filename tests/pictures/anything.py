"""Sheets, masks and picture files of any content, for what holds for all of them."""

import io
from typing import Any

import cv2
import numpy as np
from hypothesis import strategies as st
from PIL import Image

from pictures.arrays import Levels, Mask, UInt8Array
from tests.app.conftest import STROKES

# A format for each mode that a picture can have in a file.
FORMATS = {
    "1": "PNG",
    "L": "BMP",
    "LA": "PNG",
    "P": "GIF",
    "PA": "TIFF",
    "RGB": "WEBP",
    "RGBA": "WEBP",
    "CMYK": "TIFF",
    "YCbCr": "JPEG",
    "LAB": "TIFF",
    "I": "TIFF",
    "I;16": "PNG",
    "F": "TIFF",
}
SIDES = st.one_of(st.integers(1, 12), st.just(28), st.integers(13, 120), st.integers(121, 450))


def _blots(random: np.random.Generator, height: int, width: int) -> Levels:
    noise = random.standard_normal((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), float(random.uniform(0.5, 6)))
    return np.asarray(smooth > np.quantile(smooth, random.random()))


def _strokes(random: np.random.Generator, height: int, width: int) -> Levels:
    """Draw strokes of digits, straight lines and rectangles, also across the border."""
    sheet = np.ones((height, width), np.float32)
    for _ in range(random.integers(1, 6)):
        scale = random.uniform(0.1, 1.2) * min(height, width) / 100
        pen = int(max(1, random.uniform(2, 20) * scale))
        corner = random.uniform(-0.2, 0.9, 2) * (width, height)
        strokes = [*STROKES[int(random.integers(10))], [(0, 0), (150, 4)]]
        square = [(0, 0), (0, 100), (100, 100), (100, 0), (0, 0)]
        for stroke in strokes[: random.integers(1, 4)] if random.random() < 0.8 else [square]:
            points = np.rint(corner + scale * np.array(stroke)).astype(np.int32)
            cv2.polylines(sheet, [points], False, float(random.uniform(0, 0.7)), pen)
    return sheet


KINDS = {
    "level": lambda random, *shape: np.full(shape, random.choice([0, 1, random.random()])),
    "noise": lambda random, *shape: random.random(shape),
    "dots": lambda random, *shape: random.random(shape) < random.random(),
    "blots": _blots,
    "strokes": _strokes,
}


@st.composite
def sheets(draw: st.DrawFn, sides: st.SearchStrategy[int] = SIDES) -> Levels:
    """Give the levels (H, W) of a sheet: of one level, noise, dots, blots or strokes."""
    shape = draw(sides), draw(sides)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sheet = KINDS[draw(st.sampled_from([*KINDS, "strokes"]))](random, *shape)
    return np.asarray(1 - sheet if draw(st.booleans()) else sheet, np.float32)


@st.composite
def masks(draw: st.DrawFn, longest: int = 40) -> Mask:
    """Give a mask (H, W)."""
    return draw(sheets(st.integers(1, longest))) > 0.5


def in_mode(mode: str, levels: Levels, alpha: UInt8Array) -> Image.Image:
    """Return levels (H, W) as a picture of a mode; those of floats have what is no number too."""
    if mode == "F":
        return Image.fromarray(
            np.where(alpha % 7, levels, (np.nan, np.inf, -1e30)[alpha[0, 0] % 3])
        )
    if mode.startswith("I"):
        return Image.fromarray((levels * 65535).astype(np.int32 if mode == "I" else np.uint16))
    grey = Image.fromarray(np.rint(levels * 255).astype(np.uint8))
    if mode == "LAB":
        return Image.merge("LAB", [grey] * 3)
    if not mode.endswith("A"):
        return grey.convert(mode)
    grey = grey.convert("RGBA")
    grey.putalpha(Image.fromarray(alpha))
    return grey.quantize(16).convert("PA") if mode == "PA" else grey.convert(mode)


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, tuple[int, int]]:
    """Give the content of a picture file, and its width and height in the file."""
    mode = draw(st.sampled_from([*FORMATS]))
    levels = draw(sheets())
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    options: dict[str, Any] = {}
    if FORMATS[mode] in ("PNG", "JPEG", "WEBP") and draw(st.booleans()):
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = draw(st.integers(0, 9))
    picture = in_mode(mode, levels, random.integers(0, 256, levels.shape, np.uint8))
    file = io.BytesIO()
    picture.save(file, FORMATS[mode], **options)
    return file.getvalue(), picture.size
