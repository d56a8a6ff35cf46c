from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import files as module
from pictures.decode import decode
from pictures.files import (
    MoreNeededError,
    PictureError,
    TooLargeError,
    UnknownFormatError,
    load_file,
)
from tests.app.conftest import drawn, encoded

HALF = np.repeat([[0, 255]], 40, axis=0).repeat(30, axis=1).astype(np.uint8)  # black, then white


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_modes_of_png(mode: str) -> None:
    """Black is 0 and white 1 in every mode."""
    grey = decode(encoded(Image.fromarray(HALF).convert(mode))).grey
    np.testing.assert_allclose(grey, HALF / 255)


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (HALF.astype(np.uint16) * 257, "PNG"),
        (HALF.astype(np.uint16) * 257, "TIFF"),
        (HALF.astype(np.float32) / 255, "TIFF"),
    ],
)
def test_deep_pictures(array: np.ndarray, kind: str) -> None:
    """16-bit integers and floats become levels from 0 to 1."""
    grey = decode(encoded(Image.fromarray(array), kind)).grey
    np.testing.assert_allclose(grey, HALF / 255, atol=0.01)


def test_cmyk() -> None:
    """A JPEG in CMYK, as printers use it, is decoded."""
    grey = decode(encoded(Image.fromarray(HALF).convert("CMYK"), "JPEG")).grey
    np.testing.assert_allclose(grey[:, 5:25], 0, atol=0.05)
    np.testing.assert_allclose(grey[:, 35:55], 1, atol=0.05)


def test_rotated_upright() -> None:
    """A photo taken with the camera on its side is rotated, and its scale is still 1."""
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = Image.fromarray(HALF).transpose(Image.Transpose.ROTATE_90)
    picture = decode(encoded(sideways, "JPEG", exif=exif, quality=95))
    np.testing.assert_allclose(picture.grey, HALF / 255, atol=0.05)
    assert picture.scale == 1
    assert picture.size == (60, 40)


def test_scale_is_in_pixels_of_the_file() -> None:
    """A side of 3000 pixels becomes 400, so the scale is 7.5."""
    picture = decode(encoded(Image.new("L", (3000, 2000))))
    assert picture.scale == pytest.approx(7.5, rel=0.01)
    assert picture.size == (3000, 2000)


def test_size_of_a_picture_that_is_nearly_square() -> None:
    """Width and height keep their order, also where the grey levels are square."""
    picture = decode(encoded(Image.new("L", (1001, 1000))))
    assert picture.grey.shape == (400, 400)
    assert picture.size == (1001, 1000)


def test_memory_decides_who_decodes() -> None:
    """A picture that takes more memory than the caller allows is not decoded."""
    content = encoded(Image.new("RGB", (2000, 1000)))
    decode(content, memory=8_100_000)
    with pytest.raises(MoreNeededError):
        decode(content, memory=8_000_000)
    large = encoded(Image.new("RGBA", (6000, 5000)))
    with pytest.raises(TooLargeError, match="6000x5000 pixels, expected at most 27 million in"):
        decode(large)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", PictureError, "an empty file"),
        (b"hello", UnknownFormatError, "not a picture in a known format"),
        (encoded(drawn(3))[:400], PictureError, "damaged"),
        (encoded(Image.new("1", (9000, 9000))), TooLargeError, "9000x9000 pixels"),
        (encoded(Image.new("L", (9, 9)), "PPM"), UnknownFormatError, "not a picture in a known"),
    ],
)
def test_contents_that_cannot_be_decoded(
    content: bytes, error: type[PictureError], message: str
) -> None:
    """Each error has its own type and a message of one line."""
    with pytest.raises(error, match=message) as caught:
        decode(content)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a missing file, a name with a null byte and a large file are refused."""
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    (tmp_path / "large").write_bytes(bytes(11))
    (tmp_path / "small").write_bytes(bytes(10))
    for name in (".", "missing", "null\0byte", "large"):
        with pytest.raises(PictureError):
            load_file(tmp_path / name)
    assert load_file(tmp_path / "small") == bytes(10)
