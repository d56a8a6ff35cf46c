"""From a picture file to an image of 28x28 pixels.

Light stays light: whether the object or its background is light is for the user to decide, and to
keep the same in all pictures.
"""

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from stages.shared.arrays import IMAGE_SHAPE, UInt8Array
from stages.shared.cli import one_line

SIDE = IMAGE_SHAPE[0]  # pixels
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
# What Pillow raises on damaged files.
_DECODING_ERRORS = (
    *(OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(OverflowError, RuntimeError, EOFError, AssertionError, MemoryError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)


class UnreadableError(Exception):
    """The picture cannot be read; the message says why, in one line."""


def read_picture(path: Path) -> UInt8Array:
    """Read a picture as (28, 28) uint8; one of 28x28 grey pixels stays as it is.

    A picture is turned as its EXIF data say. Of several frames the first is read, transparency
    becomes white, and colour becomes luminance (ITU-R 601). Raises `UnreadableError`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's are harmless, or followed by an error
            with Image.open(path) as picture:
                picture.load()
                return fitted(to_grey(ImageOps.exif_transpose(picture)))
    except UnidentifiedImageError as error:
        raise UnreadableError("empty, damaged or no picture") from error
    except _DECODING_ERRORS as error:
        raise UnreadableError(one_line(error)[:200]) from error


def to_grey(picture: Image.Image) -> Image.Image:
    """Convert a picture of any mode to 8-bit grey.

    Pillow would clip levels of 16 bits, so they are divided by 257. Floats are taken to be from 0
    to 1, or to their maximum if it is larger; what is not finite is 0.
    """
    if picture.mode == "F" or picture.mode.startswith("I"):
        levels = np.nan_to_num(np.asarray(picture, np.float64), posinf=0, neginf=0)
        white = 65535.0 if picture.mode.startswith("I") else max(1.0, levels.max())
        return Image.fromarray(np.round(np.clip(levels / white, 0, 1) * 255).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white_ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white_ground, picture).convert("RGB")
    return picture.convert("L")


def fitted(picture: Image.Image) -> UInt8Array:
    """Scale a grey picture so that its longer side has 28 pixels, and pad the shorter side.

    The padding has the median level of the outermost pixels, on both sides alike.
    """
    longest = max(picture.size)
    size = tuple(max(1, round(side * SIDE / longest)) for side in picture.size)
    levels = np.asarray(picture)
    edge = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
    if size != picture.size:
        levels = np.asarray(picture.resize((size[0], size[1]), Image.Resampling.BOX))
    rows, columns = (SIDE - length for length in levels.shape)
    margins = ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2))
    return np.pad(levels, margins, constant_values=np.uint8(np.median(edge)))
