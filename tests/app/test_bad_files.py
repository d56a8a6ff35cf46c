"""Hundreds of broken, hostile and unusual files."""

import json
import os
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401 - makes Pillow write JPEG XL
import pytest
import requests
from PIL import Image

from app.web.server import MAX_BYTES
from tests.app.conftest import MemoryWatch, Server, drawn, encoded, watched
from tests.app.hostile import bmp_of_runs, png_of_zeros, tiff_of_a_large_tile, tiff_of_strips

pytestmark = pytest.mark.slow

MAX_MEMORY = 600e6  # bytes of all processes together
MAX_MEMORY_OF_SERVER = MAX_MEMORY + 2 * 150e6
KINDS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "MPO", "AVIF", "HEIF", "JXL")
pillow_heif.register_heif_opener()


def truncated() -> Iterator[tuple[str, bytes]]:
    """Yield a file of each format, cut off after each tenth of its length."""
    for kind in KINDS:
        content = encoded(drawn(3), kind)
        for tenth in range(10):
            yield f"cut-{tenth}.{kind.lower()}", content[: len(content) * tenth // 10]


def flipped() -> Iterator[tuple[str, bytes]]:
    """Yield files of each format with bits flipped in the first half, which holds the headers."""
    generator = random.Random(0)
    for kind in KINDS:
        original = encoded(drawn(3), kind)
        for index in range(10):
            content = bytearray(original)
            for _ in range(1 + index % 5):
                content[generator.randrange(len(content) // 2)] ^= 1 << generator.randrange(8)
            yield f"flipped-{index}.{kind.lower()}", bytes(content)


def non_pictures() -> Iterator[tuple[str, bytes]]:
    """Yield files that are not pictures, and pictures that must not be decoded."""
    yield "empty.png", b""
    yield "text.png", b"Not a picture.\n"
    yield "page.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
    yield "drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9"/></svg>'
    yield "script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"
    yield "pixels.png", png_of_zeros(50_000, 50_000)
    yield "strips.tif", tiff_of_strips(500_000)
    yield "tile.tif", tiff_of_a_large_tile(10_000)
    yield "runs.bmp", bmp_of_runs()
    yield "header.png", encoded(drawn(3))[:33]
    yield "zeros.jpg", bytes(100_000)
    yield "noise.gif", random.Random(1).randbytes(100_000)


def unusual() -> Iterator[tuple[str, bytes]]:
    """Yield valid pictures of a three in unusual forms; all must be recognised."""
    three = drawn(3)
    grey = np.asarray(three.convert("L"))
    clear = Image.new("RGBA", three.size)
    clear.paste(three, mask=Image.fromarray(255 - grey))
    yield "jpeg-inside.png", encoded(three, "JPEG")
    yield "png-inside.jpg", encoded(three)
    yield "sixteen-bits.png", encoded(Image.fromarray(grey.astype(np.uint16) * 257))
    yield "sixteen-bits.tif", encoded(Image.fromarray(grey.astype(np.uint16) * 257), "TIFF")
    yield "floats.tif", encoded(Image.fromarray(grey.astype(np.float32) / 255), "TIFF")
    yield "cmyk.jpg", encoded(three.convert("CMYK"), "JPEG")
    yield "cmyk.tif", encoded(three.convert("CMYK"), "TIFF")
    yield "bits.png", encoded(three.convert("1"))
    yield "alpha.png", encoded(clear)
    yield "grey-alpha.png", encoded(clear.convert("LA"))
    palette = clear.quantize(16)
    yield "palette-alpha.png", encoded(palette)
    yield "palette.gif", encoded(three.convert("P"), "GIF")
    yield "transparent.gif", encoded(clear, "GIF")
    frames = [drawn(digit) for digit in (5, 7)]
    yield "animated.gif", encoded(three, "GIF", save_all=True, append_images=frames)
    yield "animated.webp", encoded(three, "WEBP", save_all=True, append_images=frames)
    yield "progressive.jpg", encoded(three.resize((3000, 3000)), "JPEG", progressive=True)
    yield "large.png", encoded(three.resize((7000, 7000)), compress_level=1)
    yield "large.webp", encoded(three.resize((3600, 3600)), "WEBP", quality=10, method=0)
    exif = Image.Exif()
    exif[0x0112] = 6  # must be rotated by a quarter turn
    yield "two.mpo", encoded(three, "MPO", save_all=True, append_images=frames)
    for kind in ("HEIF", "AVIF", "JXL"):
        yield f"photo.{kind.lower()}", encoded(three, kind)
    for kind in ("PNG", "WEBP"):
        yield f"junk-exif.{kind.lower()}", encoded(three, kind, exif=b"Exif\0\0junk")
    yield "turned.jpg", encoded(three.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


class Folder(NamedTuple):
    """The paths of all these files."""

    paths: list[Path]
    valid: set[str]  # names of the files that must be recognised as a three


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Write all files above; add a folder, a pipe, a broken link and a missing file."""
    folder = tmp_path_factory.mktemp("bad")
    valid = dict(unusual())
    contents = [*truncated(), *flipped(), *non_pictures(), *valid.items()]
    for name, content in contents:
        (folder / name).write_bytes(content)
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    (folder / "broken-link.png").symlink_to(folder / "nowhere")
    extra = ["folder.png", "pipe.png", "broken-link.png", "missing.png"]
    return Folder([folder / name for name in [name for name, _ in contents] + extra], set(valid))


def test_each_file_gives_an_answer_or_an_error(bad_files: Folder, model: Path) -> None:
    """Each of over 200 files gives one line, in bounded memory; each valid one gives a three."""
    assert len(bad_files.paths) > 200
    command = [sys.executable, "-m", "app.predict", "--json", "--model"]
    command += map(str, [model, *bad_files.paths])
    result, peak = watched(command)
    assert (result.returncode, result.stderr) == (1, "")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["path"] for line in lines] == [str(path) for path in bad_files.paths]
    for line in lines:
        assert ("digit" in line) != ("error" in line)
        if Path(line["path"]).name in bad_files.valid:
            assert line.get("digit") == 3, line
    assert peak < MAX_MEMORY


def test_the_server_answers_each_file(bad_files: Folder, server: Server) -> None:
    """Each file gets 200 or an error as JSON; the server survives, in bounded memory."""
    seen = set()
    with MemoryWatch(server.process) as memory:
        for path in filter(Path.is_file, bad_files.paths):
            response = requests.post(f"{server.url}/read", path.read_bytes(), timeout=100)
            assert response.status_code in (200, 413, 415, 422), path
            assert ("digits" in response.json()) == (response.status_code == 200)
            if path.name in bad_files.valid:
                assert [digit["digit"] for digit in response.json()["digits"]] == [3], path
            seen.add(response.status_code)
    assert seen == {200, 413, 415, 422}
    assert memory.peak < MAX_MEMORY_OF_SERVER


def test_many_large_pictures_at_once(server: Server) -> None:
    """40 clients send the largest allowed picture: each gets 200 or 503, in bounded memory."""
    content = encoded(drawn(3).resize((7000, 7000)), compress_level=1).ljust(MAX_BYTES, b"\0")
    with ThreadPoolExecutor(40) as pool, MemoryWatch(server.process) as memory:
        responses = pool.map(
            lambda _: requests.post(f"{server.url}/read", content, timeout=100), range(40)
        )
        seen = {response.status_code for response in responses}
    assert 200 in seen
    assert seen <= {200, 503}
    assert memory.peak < MAX_MEMORY_OF_SERVER
