"""Hundreds of broken, hostile and unusual files."""

import json
import os
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import requests
from PIL import Image

from app.server import MAX_BYTES
from tests.app.conftest import Server, drawn, encoded, peak_memory
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow

MAX_MEMORY = 600  # MB
KINDS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")


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
        for index in range(45):
            content = bytearray(original)
            for _ in range(1 + index % 5):
                content[generator.randrange(len(content) // 2)] ^= 1 << generator.randrange(8)
            yield f"flipped-{index}.{kind.lower()}", bytes(content)


def png_of_zeros(width: int, height: int) -> bytes:
    """Return a valid black PNG of any size without holding all of its pixels in memory."""
    compress = zlib.compressobj(9)
    row = bytes(1 + -(-width // 8))
    data = b"".join(compress.compress(row * 1000) for _ in range(height // 1000))
    data += compress.compress(row * (height % 1000)) + compress.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def non_pictures() -> Iterator[tuple[str, bytes]]:
    """Yield files that are not pictures, and pictures that must not be decoded."""
    yield "empty.png", b""
    yield "text.png", b"Not a picture.\n"
    yield "page.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
    yield "drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9"/></svg>'
    yield "script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"
    yield "bomb.png", png_of_zeros(50_000, 50_000)
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
    yield "large.webp", encoded(three.resize((4400, 4400)), "WEBP", quality=10, method=0)
    exif = Image.Exif()
    exif[0x0112] = 6  # must be rotated by a quarter turn
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


# The command's process records its own peak memory. The system's figure for a child process would
# include the parent's memory at the fork.
MEASURED = """
import sys
from app.predict import main
code = main()
with open("/proc/self/status") as status, open(sys.argv[0], "w") as peak:
    peak.writelines(line for line in status if line.startswith("VmHWM:"))
sys.exit(code)
"""


def test_each_file_gives_an_answer_or_an_error(
    bad_files: Folder, model: Path, tmp_path: Path
) -> None:
    """Each of over 300 files gives one line, in bounded memory; each valid one gives a three."""
    assert len(bad_files.paths) > 300
    program = f"import sys; sys.argv[0] = {str(tmp_path / 'peak')!r}{MEASURED}"
    result = subprocess.run(
        [sys.executable, "-c", program, "--json", "--model", model, *bad_files.paths],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (result.returncode, result.stderr) == (1, "")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["path"] for line in lines] == [str(path) for path in bad_files.paths]
    for line in lines:
        assert ("digit" in line) != ("error" in line)
        if Path(line["path"]).name in bad_files.valid:
            assert line.get("digit") == 3, line
    assert int((tmp_path / "peak").read_text().split()[1]) / 1000 < MAX_MEMORY


def test_the_server_answers_each_file(bad_files: Folder, server: Server) -> None:
    """Each file gets 200 or an error as JSON; the server survives, in bounded memory."""
    seen = set()
    for path in bad_files.paths:
        if path.is_file():
            response = requests.post(f"{server.url}/read", path.read_bytes(), timeout=100)
            assert response.status_code in (200, 413, 415, 422), path
            assert ("digits" in response.json()) == (response.status_code == 200)
            seen.add(response.status_code)
    assert seen == {200, 413, 415, 422}
    assert peak_memory(server.process) < MAX_MEMORY


def test_many_large_pictures_at_once(server: Server) -> None:
    """40 clients send the largest allowed picture: each gets 200 or 503, in bounded memory."""
    content = encoded(drawn(3).resize((7000, 7000)), compress_level=1).ljust(MAX_BYTES, b"\0")
    with ThreadPoolExecutor(40) as pool:
        responses = pool.map(
            lambda _: requests.post(f"{server.url}/read", content, timeout=100), range(40)
        )
        seen = {response.status_code for response in responses}
    assert 200 in seen
    assert seen <= {200, 503}
    assert peak_memory(server.process) < MAX_MEMORY
