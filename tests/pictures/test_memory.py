"""What memory decoding takes, and whole messages for those whose file takes too much."""

import re
import struct
import zlib

import pytest
from PIL import Image

from pictures.decode import decode
from pictures.files import (
    MAX_MEMORY,
    MoreNeededError,
    PictureError,
    TooLargeError,
    UnknownFormatError,
)
from tests.app.conftest import drawn, encoded


@pytest.mark.parametrize(
    ("mode", "kind", "options", "expected"),
    [
        ("L", "PNG", {}, 4 * 1700 * 1600),
        ("LA", "PNG", {}, 8 * 1700 * 1600),
        ("RGBA", "TIFF", {}, 11 * 1700 * 1600),
        # A JPEG is decoded at half its size, but from all coefficients if it is progressive.
        ("RGB", "JPEG", {}, 4 * 850 * 800),
        ("L", "JPEG", {"progressive": True}, 4 * 850 * 800 + 2 * 1700 * 1600),
        # Of colour there are a quarter as many coefficients, twice.
        ("RGB", "JPEG", {"progressive": True}, 4 * 850 * 800 + 3 * 1700 * 1600),
        (
            "RGB",
            "JPEG",
            {"progressive": True, "subsampling": 0},
            4 * 850 * 800 + 6 * 1700 * 1600,
        ),
    ],
)
def test_memory_by_hand(mode: str, kind: str, options: dict[str, object], expected: int) -> None:
    """What a picture of 1700x1600 pixels takes, to the byte."""
    content = encoded(Image.new(mode, (1700, 1600)), kind, **options)
    decode(content, len(content) + expected)
    with pytest.raises(MoreNeededError, match=r"\Amore memory\Z"):
        decode(content, len(content) + expected - 1)


def _with_size(width: int, height: int, mode: str) -> bytes:
    """Return a PNG whose header alone says that it is large."""
    content = encoded(Image.new(mode, (9, 9)))
    header = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (
            _with_size(20000, 20000, "L"),
            TooLargeError,
            "too many pixels, expected at most 50 million",
        ),
        (
            _with_size(5001, 10000, "L"),
            TooLargeError,
            "5001x10000 pixels, expected at most 50 million in such a file",
        ),
        (
            _with_size(6000, 5000, "LA"),
            TooLargeError,
            "6000x5000 pixels, expected at most 27 million in such a file",
        ),
        (b"", PictureError, "an empty file"),
        # 50 million pixels are allowed, but these are missing
        (
            _with_size(5000, 10000, "1"),
            PictureError,
            "damaged: image file is truncated (0 bytes not processed)",
        ),
        (
            b"hello",
            UnknownFormatError,
            "not a picture in a known format "
            "(PNG, JPEG, BMP, GIF, TIFF, WEBP, HEIC, AVIF, JPEG XL)",
        ),
    ],
)
def test_whole_messages(content: bytes, error: type[PictureError], message: str) -> None:
    """The user reads why a file is refused, and what is allowed."""
    with pytest.raises(error, match=rf"\A{re.escape(message)}\Z"):
        decode(content)


def test_the_file_itself_takes_memory() -> None:
    """Of 208 MiB the file's own bytes are not left to the pixels, at 8 bytes for each."""
    content = _with_size(4096, 6655, "LA")
    content += bytes(MAX_MEMORY - 8 * 4096 * 6655 - len(content))
    with pytest.raises(MoreNeededError, match=r"\Amore memory\Z"):
        decode(content, memory=MAX_MEMORY - 1)
    with pytest.raises(TooLargeError, match="4096x6655 pixels, expected at most 27 million"):
        decode(content + b"\0", memory=MAX_MEMORY - 1)
    with pytest.raises(TooLargeError, match="4096x6655 pixels, expected at most 25 million"):
        decode(content + bytes(16 << 20))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (EOFError(), "damaged: EOFError"),
        (ValueError("not\n a  tag"), "damaged: not a tag"),
        (OSError("x" * 300), "damaged: " + "x" * 191),
    ],
)
def test_what_a_decoder_says_becomes_one_line(
    error: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of at most 200 characters, and with the kind of error if it says nothing."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(PictureError, match=rf"\A{re.escape(message)}\Z"):
        decode(b"any")


def test_a_damaged_webp_may_lack_memory() -> None:
    """Its decoder does not say so, so it is tried again with all memory."""
    webp = encoded(Image.new("L", (90, 90)), "WEBP")[:60]
    with pytest.raises(MoreNeededError, match=r"\Amore memory\Z"):
        decode(webp, memory=MAX_MEMORY - 1)
    for content, memory in ((webp, MAX_MEMORY), (encoded(drawn(3))[:400], 10**7)):
        with pytest.raises(PictureError, match=r"\Adamaged: \S") as caught:
            decode(content, memory)
        assert type(caught.value) is PictureError
