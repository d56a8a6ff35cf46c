"""Opening a picture that may be anything, hostile included, and making it grey.

What is not a picture in an allowed format and within the limits is a `PictureError`.
"""

import io
import os
import stat
import struct
import threading
import warnings
import zlib
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

# (H, W) or (H, W, C) float32, 0 is black and 1 is white; OpenCV's annotations are less exact
Levels = NDArray[Any]

MOST_BYTES = 32 << 20
# The most pixels of each format that is opened at all. Decoding takes up to 8 bytes for each, a
# progressive CMYK JPEG, but 12 in WebP; phones make pictures of up to 50 million.
FORMATS = {
    "PNG": 50_000_000,
    "JPEG": 50_000_000,
    "BMP": 50_000_000,
    "GIF": 50_000_000,
    "TIFF": 30_000_000,
    "WEBP": 20_000_000,
}
# Longest side, in pixels, at which a picture is worked on: a pen's line in a photo of a whole
# sheet is still some pixels wide, and each step takes a millisecond.
LONGEST_SIDE = 400
MUCH_MORE = 1.4  # times the spread of the luminance: then one colour serves better
LARGE = 4_000_000  # pixels; of larger pictures one is decoded at a time
_one_large = threading.RLock()
# What Pillow's decoders raise on damaged files, beside its own exceptions.
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RuntimeError,
    EOFError,
    AssertionError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class PictureError(Exception):
    """What was given is no picture that can be read; the message says why, in one line."""


def read_file(path: Path) -> bytes:
    """Read a regular file of at most `MOST_BYTES`; never waits, as a named pipe would make it."""
    try:
        # A pipe opened this way does not wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise PictureError("not a regular file")
            return read_stream(file)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise PictureError(getattr(error, "strerror", None) or str(error)) from error


def read_stream(file: BinaryIO) -> bytes:
    """Read all of a stream that may hold at most `MOST_BYTES`."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise TooLargeError(f"more than {MOST_BYTES >> 20} MiB")
    return content


class TooLargeError(PictureError):
    """The file has more bytes or the picture more pixels than are read."""


class UnknownFormatError(PictureError):
    """The file is in none of the allowed formats."""


class Picture(NamedTuple):
    """A decoded picture, upright and grey, at its working size."""

    grey: Levels  # (H, W)
    scale: float  # pixels of the file for one pixel here


def read_picture(content: bytes) -> Picture:
    """Decode a picture file.

    Raises `PictureError` if it is in no allowed format, too large or damaged.
    """
    if not content:
        raise PictureError("an empty file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow warns of is either harmless or fails below
        try:
            return _decoded(content)
        except PictureError:
            raise
        except _DECODING_ERRORS as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise PictureError(f"damaged: {reason}"[:200]) from error


def _decoded(content: bytes) -> Picture:
    """Check the format and the size by the header alone before anything is decoded."""
    # WebP takes its memory when it is opened, the others when they are loaded.
    with _one_large if content.startswith(b"RIFF") else nullcontext():
        try:
            picture = Image.open(io.BytesIO(content), formats=list(FORMATS))
        except UnidentifiedImageError as error:
            raise UnknownFormatError(
                f"no picture in a known format ({', '.join(FORMATS)})"
            ) from error
        except Image.DecompressionBombError as error:
            raise TooLargeError("far too many pixels") from error
        width, height = picture.size
        most = FORMATS[picture.format or ""]
        if width * height > most:
            raise TooLargeError(
                f"{width}x{height} pixels, at most {most // 1_000_000} million are read"
            )
        with _one_large if width * height > LARGE else nullcontext():
            # JPEG can be decoded at a half, quarter or eighth, which saves time and memory.
            picture.draft(None, (2 * LONGEST_SIDE, 2 * LONGEST_SIDE))
            picture.load()
            grey = best_channel(shrunk(_levels(picture)))
            del picture  # before the next large one may begin
    return Picture(grey, max(width, height) / max(grey.shape))


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
