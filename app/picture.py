"""Opening a picture that may be anything, hostile included.

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
from typing import BinaryIO, NamedTuple

from PIL import Image, UnidentifiedImageError

from app.grey import LONGEST_SIDE, grey_levels
from app.ink import Levels

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
            grey = grey_levels(picture)
            del picture  # before the next large one may begin
    return Picture(grey, max(width, height) / max(grey.shape))
