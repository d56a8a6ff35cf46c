from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import picture as module
from app.picture import (
    PictureError,
    TooLargeError,
    UnknownFormatError,
    read_file,
    read_picture,
)
from tests.app.conftest import drawn, encoded

HALF = np.repeat([[0, 255]], 40, axis=0).repeat(30, axis=1).astype(np.uint8)  # black, then white


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_modes_of_png(mode: str) -> None:
    """Black is 0 and white 1 in every mode."""
    grey = read_picture(encoded(Image.fromarray(HALF).convert(mode))).grey
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
    """Sixteen bits and floats become 0 to 1."""
    grey = read_picture(encoded(Image.fromarray(array), kind)).grey
    np.testing.assert_allclose(grey, HALF / 255, atol=0.01)


def test_cmyk() -> None:
    """A JPEG for printers is read."""
    grey = read_picture(encoded(Image.fromarray(HALF).convert("CMYK"), "JPEG")).grey
    np.testing.assert_allclose(grey[:, 5:25], 0, atol=0.05)
    np.testing.assert_allclose(grey[:, 35:55], 1, atol=0.05)


def test_turned_upright() -> None:
    """A photo taken with the camera on its side is turned; a size is that of the file."""
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = Image.fromarray(HALF).transpose(Image.Transpose.ROTATE_90)
    picture = read_picture(encoded(sideways, "JPEG", exif=exif, quality=95))
    np.testing.assert_allclose(picture.grey, HALF / 255, atol=0.05)
    assert picture.scale == 1


def test_a_size_is_that_of_the_file() -> None:
    """One pixel of 400 is seven and a half of 3000."""
    picture = read_picture(encoded(Image.new("L", (3000, 2000))))
    assert picture.scale == pytest.approx(7.5, rel=0.01)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", PictureError, "an empty file"),
        (b"hello", UnknownFormatError, "no picture in a known format"),
        (encoded(drawn(3))[:400], PictureError, "damaged"),
        (encoded(Image.new("1", (9000, 9000))), TooLargeError, "9000x9000 pixels"),
        (encoded(Image.new("L", (9, 9)), "PPM"), UnknownFormatError, "no picture in a known"),
    ],
)
def test_what_cannot_be_read(content: bytes, error: type[PictureError], message: str) -> None:
    """Each fault has its kind, and one line that says what it is."""
    with pytest.raises(error, match=message) as caught:
        read_picture(content)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_files_that_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a missing file, one with a null byte in its name, and one that is too large."""
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    (tmp_path / "large").write_bytes(bytes(11))
    (tmp_path / "small").write_bytes(bytes(10))
    for name in (".", "missing", "null\0byte", "large"):
        with pytest.raises(PictureError):
            read_file(tmp_path / name)
    assert read_file(tmp_path / "small") == bytes(10)
