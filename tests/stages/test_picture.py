import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.picture import UnreadableError, read_picture

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.integers(0, 256, (28, 28), dtype=np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".webp"])
def test_28x28_grey_pixels_stay_as_they_are(tmp_path: Path, suffix: str) -> None:
    """A picture of 28x28 grey pixels in a lossless format is read back exactly."""
    path = tmp_path / f"a{suffix}"
    Image.fromarray(NOISE).save(path, lossless=True)
    np.testing.assert_array_equal(read_picture(path), NOISE)


def test_colour_becomes_luminance(tmp_path: Path) -> None:
    """Red, green and blue count 299, 587 and 114 thousandths; light stays light."""
    for colour, level in (("red", 76), ("lime", 150), ("blue", 29), ("white", 255), ("black", 0)):
        Image.new("RGB", (28, 28), colour).save(tmp_path / "a.png")
        assert (read_picture(tmp_path / "a.png") == level).all()


def test_longer_side_is_scaled_and_the_shorter_one_padded(tmp_path: Path) -> None:
    """56x28 becomes 28x14, each pixel the mean of four, in the middle of the border's colour."""
    array = np.full((28, 56), 200, np.uint8)  # rows and columns
    array[10:12, 20:22] = [[0, 100], [100, 200]]
    Image.fromarray(array).save(tmp_path / "a.png")
    image = read_picture(tmp_path / "a.png")
    expected = np.full((28, 28), 200, np.uint8)
    expected[7 + 5, 10] = 100
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2), (29, 28), (2000, 1500)])
def test_any_size_becomes_28x28(tmp_path: Path, size: tuple[int, int]) -> None:
    """One pixel, a line and a photo become 28x28 without a change of a plain colour."""
    Image.new("L", size, 90).save(tmp_path / "a.png")
    image = read_picture(tmp_path / "a.png")
    assert (image.shape, image.dtype, set(image.ravel())) == ((28, 28), np.uint8, {90})


def test_16_bits_are_divided_by_257(tmp_path: Path) -> None:
    """The levels of 16 bits, which Pillow alone would clip, become those of 8 bits."""
    Image.fromarray(NOISE.astype(np.uint16) * 257).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), NOISE)


def test_floats_and_what_is_no_number(tmp_path: Path) -> None:
    """Floats from 0 to 1 are scaled; NaN and infinity are black."""
    levels = NOISE.astype(np.float32) / 255
    levels[0, :3] = np.nan, np.inf, -np.inf
    Image.fromarray(levels).save(tmp_path / "a.tif")
    image = read_picture(tmp_path / "a.tif")
    assert image[0, :3].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(image[1:], NOISE[1:])


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK"])
def test_other_modes(tmp_path: Path, mode: str) -> None:
    """Black and white are the same in every mode."""
    halves = Image.fromarray(np.repeat([[0, 255]], 28, axis=0).repeat(14, axis=1).astype(np.uint8))
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    halves.convert(mode).save(path)
    np.testing.assert_array_equal(read_picture(path), np.asarray(halves))


def test_transparency_is_white(tmp_path: Path) -> None:
    """What is transparent is white, whatever colour lies under it."""
    Image.new("RGBA", (28, 28), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert (read_picture(tmp_path / "a.png") == 255).all()


def test_exif_turns_a_picture(tmp_path: Path) -> None:
    """A photo that was taken with the camera on its side is upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(NOISE).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), NOISE)


def png_of(width: int, height: int) -> bytes:
    """Return the header of a PNG that says it has this size, without its pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        png_of(28, 28),
        png_of(60_000, 60_000),
        b"GIF89a",
        b"\xff\xd8\xff\xe0",
        b"BM" + bytes(20),
    ],
)
def test_refuses_what_is_no_picture(tmp_path: Path, content: bytes) -> None:
    """Empty, truncated and huge files are refused in one line."""
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(UnreadableError) as caught:
        read_picture(path)
    assert str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"])
def test_a_truncated_picture_is_refused_or_whole(tmp_path: Path, kind: str) -> None:
    """A picture cut off anywhere gives an image of 28x28 or one line, and nothing else."""
    path = tmp_path / "a"
    Image.fromarray(NOISE).save(path, kind)
    whole = path.read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        with suppress(UnreadableError):
            assert read_picture(path).shape == (28, 28)
