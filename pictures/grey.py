"""Turn a decoded picture of any mode, size and orientation into grey levels at the working size.

Levels are float32 from 0 (black) to 1 (white).
"""

import struct
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps

from pictures.arrays import Levels

# Pixels of the longer side at the working size. In a photo of a whole sheet a pen's line is then
# still several pixels wide, and each processing step takes about a millisecond.
MAX_SIDE = 400
# Smaller pictures are enlarged, so that strokes are several pixels wide: 28 pixels become 112. The
# shorter side is that of a row; it does not count if the longer one would become too large.
MIN_LONGER_SIDE, MIN_SHORTER_SIDE = 112, 56
# A colour channel is used instead of the luminance if its range is larger by this factor.
MIN_RANGE_RATIO = 1.4
MIN_COLOURFULNESS = 0.05  # the channels of a grey picture differ by less than this
TURNED = (5, 6, 7, 8)  # the EXIF orientations in which rows and columns are exchanged
_EXIF_ERRORS = (
    *(OSError, SyntaxError, ValueError, TypeError, KeyError, OverflowError),
    struct.error,
)


def grey_levels(picture: Image.Image) -> Levels:
    """Return a decoded picture as upright grey levels (H, W), at most 400 pixels on a side."""
    return best_channel(shrunk(_levels(picture)))


def _levels(picture: Image.Image) -> Levels:
    """Return a decoded picture, upright and on white, as levels (H, W, 1) or (H, W, 3)."""
    picture = _upright(_roughly_shrunk(picture))
    if picture.mode.startswith("I") or picture.mode == "F":
        return _levels_of_high_bit_depth(picture)[..., np.newaxis]
    if picture.has_transparency_data:
        picture = on_white(picture)
    elif picture.mode != "L":
        picture = picture.convert("RGB")
    return np.atleast_3d(np.asarray(picture, np.float32) / np.float32(255))


def orientation(picture: Image.Image) -> Any:
    """Return how the EXIF data say that the picture lies; 1 is upright, also for junk."""
    try:
        return picture.getexif().get(ExifTags.Base.Orientation, 1)
    except _EXIF_ERRORS:
        return 1


def _upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF data say; junk in their place is ignored."""
    try:
        return ImageOps.exif_transpose(picture)
    except _EXIF_ERRORS:
        return picture


def _roughly_shrunk(picture: Image.Image) -> Image.Image:
    """Shrink a very large picture to at least twice the working size, to save memory."""
    factor = max(picture.size) // (2 * MAX_SIDE)
    if factor < 2:
        return picture
    if picture.mode in ("L", "RGB", "RGBA", "CMYK", "YCbCr", "F"):
        return picture.reduce(factor)
    size = (max(1, picture.width // factor), max(1, picture.height // factor))
    return picture.resize(size, Image.Resampling.NEAREST)  # palette indices cannot be averaged


def on_white(picture: Image.Image) -> Image.Image:
    """Composite a picture with transparency on a white background; return RGB."""
    picture = picture.convert("RGBA")
    background = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(background, picture).convert("RGB")


def _levels_of_high_bit_depth(picture: Image.Image) -> Levels:
    """Return the levels (H, W) of a picture of integers or floats with more than 8 bits.

    Integers are divided by 65535, floats by their maximum if it is above 1.
    """
    levels = np.nan_to_num(np.asarray(picture, np.float32))
    white: float = 65535 if picture.mode.startswith("I") else max(1.0, levels.max())
    return np.asarray(np.clip(levels / np.float32(white), 0, 1))


def shrunk(levels: Levels) -> Levels:
    """Shrink levels (H, W, C) to at most 400 pixels on a side, with the same proportions."""
    height, width = levels.shape[:2]
    factor = MAX_SIDE / max(height, width)
    if factor >= 1:
        return levels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    resized = cv2.resize(levels, size, interpolation=cv2.INTER_AREA)
    return np.clip(resized, 0, 1).reshape(size[1], size[0], -1)


def best_channel(levels: Levels) -> Levels:
    """Return (H, W) from (H, W, C): the luminance, or a colour channel with much more contrast.

    Yellow ink on white, or red on a green of the same lightness, shows in one channel only.
    """
    if levels.shape[2] == 1:
        return levels[..., 0]
    luminance = cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)
    sample = levels[::4, ::4]
    if np.abs(np.diff(sample, axis=2)).max() < MIN_COLOURFULNESS:
        return luminance
    channels = [luminance, *cv2.split(levels)]
    ranges = [np.ptp(np.percentile(channel[::2, ::2], (0.5, 99.5))) for channel in channels]
    best = int(np.argmax(ranges))
    return channels[best] if ranges[best] > MIN_RANGE_RATIO * ranges[0] else luminance


def enlargement(shape: tuple[int, ...]) -> int:
    """Return by which whole factor a picture (H, W) is enlarged."""
    by_shorter = min(-(-MIN_SHORTER_SIDE // min(shape)), MAX_SIDE // max(shape))
    return max(1, -(-MIN_LONGER_SIDE // max(shape)), by_shorter)


def enlarged(grey: Levels, factor: int) -> Levels:
    """Enlarge grey levels (H, W) by a whole factor, smoothly."""
    if factor == 1:
        return grey
    larger = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.clip(larger, 0, 1)
