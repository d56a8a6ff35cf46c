import os
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401 - makes Pillow write JPEG XL
import pytest
from hypothesis import given
from PIL import Image

from pictures.arrays import Levels
from pictures.decode import decode
from pictures.files import (
    MAX_BYTES,
    PictureError,
    TooLargeError,
    UnknownFormatError,
    load_file,
)
from pictures.fit import fitted
from tests.app.conftest import drawn, encoded
from tests.pictures.anything import SIDES, files, sheets

pillow_heif.register_heif_opener()

HALF = np.repeat([[0, 255]], 40, axis=0).repeat(30, axis=1).astype(np.uint8)  # black, then white


@given(made=files())
def test_any_picture_becomes_levels(made: tuple[bytes, tuple[int, int]]) -> None:
    """Whatever its mode, size and content: levels from 0 to 1, also where floats are no numbers."""
    content, size = made
    picture = decode(content)
    assert picture.grey.dtype == np.float32
    assert picture.grey.ndim == 2
    assert 0 <= picture.grey.min() <= picture.grey.max() <= 1
    assert max(picture.grey.shape) == min(max(size), 400)
    assert picture.size in (size, size[::-1])
    image = fitted(picture.grey)
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8


@given(levels=sheets(SIDES))
def test_formats_without_loss_give_the_same_levels(levels: Levels) -> None:
    """What is read depends on the pixels alone, and not on the kind of file."""
    picture = Image.fromarray(np.rint(levels * 255).astype(np.uint8))
    first, *others = (
        decode(encoded(picture.convert(mode), kind, **options)).grey
        for mode, kind, options in (
            ("L", "PNG", {}),
            ("L", "BMP", {}),
            ("L", "TIFF", {}),
            ("P", "GIF", {}),
            ("RGB", "WEBP", {"lossless": True}),
        )
    )
    for other in others:
        np.testing.assert_allclose(other, first, atol=1e-6)


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


def test_floats_that_are_no_numbers_are_black() -> None:
    """What a calculation went wrong in is decoded, and its other pixels keep their levels."""
    levels = (HALF / 255).astype(np.float32)
    levels[::2, ::2], levels[1::2, ::2] = np.nan, -np.inf
    grey = decode(encoded(Image.fromarray(levels), "TIFF")).grey
    assert (grey[:, ::2] == 0).all()
    np.testing.assert_allclose(grey[:, 1::2], HALF[:, 1::2] / 255)


def test_cmyk() -> None:
    """A JPEG in CMYK, as printers use it, is decoded."""
    grey = decode(encoded(Image.fromarray(HALF).convert("CMYK"), "JPEG")).grey
    np.testing.assert_allclose(grey[:, 5:25], 0, atol=0.05)
    np.testing.assert_allclose(grey[:, 35:55], 1, atol=0.05)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("side", [30, 801])
@pytest.mark.parametrize(
    ("orientation", "first_row", "first_column"),
    # The TIFF 6.0 specification, page 36: which sides of the scene the first row and column are.
    [
        (1, "top", "left"),
        (2, "top", "right"),
        (3, "bottom", "right"),
        (4, "bottom", "left"),
        (5, "left", "top"),
        (6, "right", "top"),
        (7, "right", "bottom"),
        (8, "left", "bottom"),
    ],
)
def test_a_photo_is_turned_upright(
    kind: str, side: int, orientation: int, first_row: str, first_column: str
) -> None:
    """A black corner comes to where the camera saw it, in small and in shrunk pictures."""
    stored = np.full((side, 2 * side), 255, np.uint8)
    stored[: side // 2, : side // 2] = 0
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encoded(Image.fromarray(stored), kind, exif=exif))
    is_turned = first_row in ("left", "right")
    assert picture.size == ((side, 2 * side) if is_turned else (2 * side, side))
    height, width = picture.grey.shape
    assert (height > width) == is_turned
    row = 2 if "top" in (first_row, first_column) else -3
    column = 2 if "left" in (first_row, first_column) else -3
    assert picture.grey[row, column] == 0
    assert picture.grey.mean() == pytest.approx(1 - 1 / 8, abs=0.01)


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


@pytest.mark.timeout(20)
def test_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """Nobody writes into the pipe, and the program does not wait for somebody who does."""
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match=r"\Anot a regular file\Z"):
        load_file(tmp_path / "pipe.png")


def test_files_that_cannot_be_loaded(tmp_path: Path) -> None:
    """A folder, a missing file, a name with a null byte and a large file are refused, with why."""
    (tmp_path / "large").write_bytes(bytes(MAX_BYTES + 1))
    for name, reason in (
        (".", "Is a directory"),
        ("missing", "No such file or directory"),
        ("null\0byte", "embedded null byte"),
        ("large", "more than 32 MiB"),
    ):
        with pytest.raises(PictureError) as caught:
            load_file(tmp_path / name)
        assert str(caught.value) == reason
    os.truncate(tmp_path / "large", MAX_BYTES)
    assert len(load_file(tmp_path / "large")) == MAX_BYTES


@pytest.mark.parametrize("kind", ["HEIF", "JXL"])
@pytest.mark.parametrize("is_bare", [False, True])
def test_decoders_are_loaded_when_needed(
    kind: str, is_bare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that has seen no such file yet decodes one; JPEG XL comes bare or in a box."""
    options = {"use_container": not is_bare} if kind == "JXL" else {}
    content = encoded(Image.new("RGB", (30, 20)), kind, **options)
    monkeypatch.delitem(Image.OPEN, kind)
    for name in [name for name in sys.modules if name.startswith("pillow_jxl")]:
        monkeypatch.delitem(sys.modules, name)
    assert decode(content).size == (30, 20)
