"""Load picture files whole, within a limit, and say what is wrong with them."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

# The endings of the pictures' names that are looked for in folders.
SUFFIXES = {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".bmp", ".dib", ".gif"} | {
    *(".tif", ".tiff", ".webp", ".heic", ".heif", ".hif", ".avif", ".jxl")
}

MAX_BYTES = 32 << 20  # of a file
MAX_MEMORY = 208 << 20  # bytes that a file and its decoder may take


class PictureError(Exception):
    """The picture cannot be loaded or decoded; the message says why, in one line."""


class TooLargeError(PictureError):
    """The file has too many bytes, or decoding it takes too much memory or time."""


class MoreNeededError(PictureError):
    """Reading the picture takes more memory or time than is allowed here."""


class UnknownFormatError(PictureError):
    """The file is in none of the allowed formats."""


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
