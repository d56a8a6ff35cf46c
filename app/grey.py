"""From a decoded picture of any mode, size and turn to its grey levels at the working size.

Levels are (H, W), or (H, W, C) with one channel or three, float32: 0 is black, 1 is white.
"""

import cv2
import numpy as np
from PIL import Image, ImageOps

from app.ink import Levels

# Longest side, in pixels, at which a picture is worked on: a pen's line in a photo of a whole
# sheet is still some pixels wide, and each step takes a millisecond.
LONGEST_SIDE = 400
MUCH_MORE = 1.4  # times the spread of the luminance: then one colour serves better


def grey_levels(picture: Image.Image) -> Levels:
    """Return a decoded picture upright, over white and shrunk: (H, W)."""
    return best_channel(shrunk(_levels(picture)))


def _levels(picture: Image.Image) -> Levels:
    """Turn a decoded picture upright, lay it on white and return its levels (H, W, 1 or 3)."""
    picture = ImageOps.exif_transpose(_roughly_shrunk(picture))
    if picture.mode.startswith("I") or picture.mode == "F":
        return _deep_levels(picture)[..., np.newaxis]
    if picture.has_transparency_data:
        picture = over_white(picture)
    elif picture.mode != "L":
        picture = picture.convert("RGB")
    return np.atleast_3d(np.asarray(picture, np.float32) / np.float32(255))


def _roughly_shrunk(picture: Image.Image) -> Image.Image:
    """Shrink roughly, to twice the working size or more, before anything is copied whole."""
    factor = max(picture.size) // (2 * LONGEST_SIDE)
    if factor < 2:
        return picture
    if picture.mode in ("L", "RGB", "RGBA", "CMYK", "YCbCr", "F"):
        return picture.reduce(factor)
    size = (max(1, picture.width // factor), max(1, picture.height // factor))
    return picture.resize(size, Image.Resampling.NEAREST)  # a palette's indices have no mean


def over_white(picture: Image.Image) -> Image.Image:
    """Lay a picture of any mode that has transparency on a white sheet; returns RGB."""
    picture = picture.convert("RGBA")
    sheet = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(sheet, picture).convert("RGB")


def _deep_levels(picture: Image.Image) -> Levels:
    """Bring whole numbers of up to 32 bits, or floats, to 0 to 1: by the depth or by the range."""
    levels = np.nan_to_num(np.asarray(picture, np.float32))
    most: float = 65535 if picture.mode.startswith("I") else max(1.0, levels.max())
    return np.asarray(np.clip(levels / np.float32(most), 0, 1))


def shrunk(levels: Levels) -> Levels:
    """Shrink (H, W, C) so that the longest side is at most 400 pixels; the shape is kept."""
    height, width = levels.shape[:2]
    factor = LONGEST_SIDE / max(height, width)
    if factor >= 1:
        return levels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    resized = cv2.resize(levels, size, interpolation=cv2.INTER_AREA)
    return np.clip(resized, 0, 1).reshape(size[1], size[0], -1)


def best_channel(levels: Levels) -> Levels:
    """Return (H, W): the luminance, or the colour in which ink stands out much more.

    Yellow on white, or red on a green of the same lightness, shows in one colour only.
    """
    if levels.shape[2] == 1:
        return levels[..., 0]
    luminance = cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)
    sample = levels[::4, ::4]
    if np.abs(np.diff(sample, axis=2)).max() < 0.05:  # no colours
        return luminance
    candidates = [luminance, *cv2.split(levels)]
    spreads = [np.ptp(np.percentile(channel[::2, ::2], (0.5, 99.5))) for channel in candidates]
    best = int(np.argmax(spreads))
    return candidates[best] if spreads[best] > MUCH_MORE * spreads[0] else luminance
