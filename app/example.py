"""What a person's own picture is: its format, and the digit or other thing that it shows."""

import io
from contextlib import suppress

import numpy as np
from PIL import Image

from app.class_reader import ClassReader
from app.reader import Reader
from pictures.arrays import UInt8Array
from pictures.decode import BYTES_PER_PIXEL
from pictures.files import PictureError
from pictures.labelled import digit_image

# The suffix of each format that pictures/decode.py allows.
SUFFIX_OF = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "BMP": ".bmp",
    "GIF": ".gif",
    "TIFF": ".tif",
    "WEBP": ".webp",
    "HEIF": ".heic",
    "AVIF": ".avif",
    "JXL": ".jxl",
}


def example_in(reader: Reader | ClassReader, content: bytes) -> UInt8Array:
    """Return the image (28, 28) of the one digit that a picture file shows.

    It is the image that /read gives, also of a digit that was cut out of a row. For other classes
    it is the image of the whole picture. Raises `PictureError` if the picture shows another number
    of digits or cannot be read.
    """
    reading = reader.recognise(content)
    if len(reading.answers) != 1:
        reason = f": {reading.reason}" if reading.reason else ""
        raise PictureError(f"found {len(reading.answers)} digits{reason}, expected a single one")
    return reading.answers[0].image


def to_save(reader: Reader | ClassReader, content: bytes, image: UInt8Array) -> bytes:
    """Return the picture file, or a PNG of the image where the pipeline would take another one.

    The pipeline finds the digit without a network.
    """
    if isinstance(reader, ClassReader):
        return content
    with suppress(PictureError):
        if np.array_equal(digit_image(content), image):
            return content
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def real_suffix(content: bytes) -> str:
    """Return the suffix of the format of a picture that was decoded here before."""
    formats = [name for name in BYTES_PER_PIXEL if name in Image.OPEN]
    with Image.open(io.BytesIO(content), formats=formats) as picture:
        return SUFFIX_OF[picture.format or ""]
