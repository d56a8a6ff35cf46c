"""Open picture files safely, whatever they contain.

Everything that is not a picture in an allowed format and size raises `PictureError`.
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

from app.arrays import Levels
from app.grey import MAX_SIDE, grey_levels

MAX_BYTES = 32 << 20
# The allowed formats, with their limit in pixels. Decoding takes up to 8 bytes a pixel (a
# progressive CMYK JPEG), in WebP up to 12. Phones take photos of up to 50 million pixels.
FORMATS = {
    "PNG": 50_000_000,
    "JPEG": 50_000_000,
    "BMP": 50_000_000,
    "GIF": 50_000_000,
    "TIFF": 30_000_000,
    "WEBP": 20_000_000,
}
MIN_LARGE = 4_000_000  # pixels; larger pictures are decoded one at a time
_large_lock = threading.RLock()
# The exceptions that Pillow's decoders raise on damaged files, beside Pillow's own.
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
    """The picture cannot be loaded or decoded; the message says why, in one line."""


class TooLargeError(PictureError):
    """The file has too many bytes, or the picture too many pixels."""


class UnknownFormatError(PictureError):
    """The file is in none of the allowed formats."""


class Picture(NamedTuple):
    """A decoded picture, upright, as grey levels at the working size."""

    grey: Levels  # (H, W)
    scale: float  # pixels of the file for one pixel of `grey`


def load_file(path: Path) -> bytes:
    """Load a regular file of at most `MAX_BYTES`, or raise `PictureError`."""
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise PictureError("not a regular file")
            return load_stream(file)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise PictureError(getattr(error, "strerror", None) or str(error)) from error


def load_stream(file: BinaryIO) -> bytes:
    """Load a whole stream of at most `MAX_BYTES`, or raise `TooLargeError`."""
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TooLargeError(f"more than {MAX_BYTES >> 20} MiB")
    return content


def decode(content: bytes) -> Picture:
    """Decode the content of a picture file.

    Raises `UnknownFormatError` or `TooLargeError`, or `PictureError` if it is empty or damaged.
    """
    if not content:
        raise PictureError("an empty file")
    with warnings.catch_warnings():
        # Pillow's warnings are either harmless or followed by an error below.
        warnings.simplefilter("ignore")
        try:
            return _decoded(content)
        except PictureError:
            raise
        except _DECODING_ERRORS as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise PictureError(f"damaged: {reason}"[:200]) from error


def _decoded(content: bytes) -> Picture:
    """Check the format and the size in the header, then decode the picture."""
    # WebP allocates its memory when the file is opened, the other formats when it is decoded.
    with _large_lock if content.startswith(b"RIFF") else nullcontext():
        try:
            picture = Image.open(io.BytesIO(content), formats=list(FORMATS))
        except UnidentifiedImageError as error:
            raise UnknownFormatError(
                f"not a picture in a known format ({', '.join(FORMATS)})"
            ) from error
        except Image.DecompressionBombError as error:
            raise TooLargeError("too many pixels, expected at most 50 million") from error
        width, height = picture.size
        max_pixels = FORMATS[picture.format or ""]
        if width * height > max_pixels:
            raise TooLargeError(
                f"{width}x{height} pixels, expected at most {max_pixels // 1_000_000} million"
            )
        with _large_lock if width * height > MIN_LARGE else nullcontext():
            # A JPEG can be decoded at a half, quarter or eighth, which saves time and memory.
            picture.draft(None, (2 * MAX_SIDE, 2 * MAX_SIDE))
            picture.load()
            grey = grey_levels(picture)
            del picture  # before the next large picture may be decoded
    return Picture(grey, max(width, height) / max(grey.shape))
