"""Decode pictures of the formats that people have, in bounded memory.

Everything that is not a picture in such a format and size raises `PictureError`. A hostile file may
still take more memory than its header says, and much time: app.workers decodes in processes that
can be killed.
"""

import io
import struct
import warnings
import zlib
from typing import Any, NamedTuple

from PIL import (  # noqa: F401 - the modules of formats register themselves
    AvifImagePlugin,
    Image,
    JpegImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from pictures.arrays import Levels
from pictures.files import (
    MAX_MEMORY,
    MoreNeededError,
    PictureError,
    TooLargeError,
    UnknownFormatError,
)
from pictures.grey import MAX_SIDE, TURNED, grey_levels, orientation

# The allowed formats, with the bytes of memory that decoding takes for each pixel. Pillow holds a
# pixel of colour in 4 bytes. TIFF's library may hold a copy of 3, and the last four more.
BYTES_PER_PIXEL = {
    "PNG": 4,
    "JPEG": 0,  # see _jpeg_bytes
    "MPO": 0,  # several JPEGs in one file, of which the first is read
    "BMP": 4,
    "GIF": 4,
    "TIFF": 7,
    "WEBP": 16,
    "HEIF": 8,
    "AVIF": 8,
    "JXL": 8,
}
BYTES_OF_ALPHA = 4  # more for a pixel with transparency: shrinking makes a copy
NAMES = "PNG, JPEG, BMP, GIF, TIFF, WEBP, HEIC, AVIF, JPEG XL"
MAX_PIXELS = 50_000_000  # those of the largest photos from phones
# The exceptions that decoders raise on damaged files, beside Pillow's own.
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
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class Picture(NamedTuple):
    """A decoded picture, upright, as grey levels at the working size."""

    grey: Levels  # (H, W)
    scale: float  # pixels of the file for one pixel of `grey`
    size: tuple[int, int]  # width and height in pixels of the file, upright


def decode(content: bytes, memory: int = MAX_MEMORY) -> Picture:
    """Decode the content of a picture file if this takes at most `memory` bytes.

    Raises `UnknownFormatError`, `TooLargeError` or `MoreNeededError`, or `PictureError` if the file
    is empty or damaged.
    """
    if not content:
        raise PictureError("an empty file")
    with warnings.catch_warnings():
        # Pillow's warnings are either harmless or followed by an error below.
        warnings.simplefilter("ignore")
        try:
            return _decoded(content, memory)
        except PictureError:
            raise
        except (*_DECODING_ERRORS, MemoryError) as error:
            # WebP takes its memory when it is opened, and does not say that this was the reason.
            is_webp = content.startswith(b"RIFF") and memory < MAX_MEMORY
            if is_webp or isinstance(error, MemoryError):
                raise MoreNeededError("more memory") from error
            reason = " ".join(str(error).split()) or type(error).__name__
            raise PictureError(f"damaged: {reason}"[:200]) from error


def _decoded(content: bytes, memory: int) -> Picture:
    """Check the format and the size in the header, then decode the picture."""
    _register_decoder(content)
    try:
        Image.preinit()  # makes Pillow know the formats that are not imported above
        formats = [name for name in BYTES_PER_PIXEL if name in Image.OPEN]
        picture = Image.open(io.BytesIO(content), formats=formats)
    except UnidentifiedImageError as error:
        raise UnknownFormatError(f"not a picture in a known format ({NAMES})") from error
    except Image.DecompressionBombError as error:
        raise TooLargeError("too many pixels, expected at most 50 million") from error
    width, height = picture.size
    # A JPEG can be decoded at a half, quarter or eighth, which saves time and memory.
    picture.draft(None, (2 * MAX_SIDE, 2 * MAX_SIDE))
    _check_memory((width, height), picture, len(content), memory)
    picture.load()
    grey = grey_levels(picture)
    if orientation(picture) in TURNED:
        width, height = height, width
    return Picture(grey, max(width, height) / max(grey.shape), (width, height))


def _register_decoder(content: bytes) -> None:
    """Make Pillow know HEIC or JPEG XL if the content may be that; the imports take 20 ms."""
    if content[4:8] == b"ftyp":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    elif content.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        import pillow_jxl  # noqa: F401 - it registers itself


def _check_memory(size: tuple[int, int], picture: Image.Image, used: int, memory: int) -> None:
    """Raise an error if the file and its decoder take more than `memory` or `MAX_MEMORY` bytes.

    Args:
        size: of the picture in the file.
        picture: opened, not decoded; a JPEG may have another size than in the file.
        used: bytes of the file.
        memory: bytes.
    """
    pixels = size[0] * size[1]
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        needed = _jpeg_bytes(pixels, picture)
    else:
        alpha = BYTES_OF_ALPHA if picture.mode.endswith(("A", "a")) else 0
        needed = (BYTES_PER_PIXEL[picture.format or ""] + alpha) * pixels
    if pixels > MAX_PIXELS or used + needed > MAX_MEMORY:
        most = min(MAX_PIXELS, (MAX_MEMORY - used) * pixels // needed)
        raise TooLargeError(
            f"{size[0]}x{size[1]} pixels, expected at most {most / 1e6:.0f} million in such a file"
        )
    if used + needed > memory:
        raise MoreNeededError("more memory")


def _jpeg_bytes(pixels: int, picture: Any) -> int:
    """Return the memory that decoding takes: Pillow's pixels, and coefficients if progressive.

    A progressive JPEG is decoded from 2 bytes for each coefficient. A component that is sampled
    less often has fewer of them.
    """
    drafted: int = 4 * picture.width * picture.height
    if "progressive" not in picture.info:
        return drafted
    sampling: list[int] = [across * down for _, across, down, _ in picture.layer]
    return drafted + 2 * pixels * sum(sampling) // max(sampling)
