"""Files that make a decoder take far more memory or time than their size says."""

import io
import struct
import zlib
from collections.abc import Iterator
from random import Random

from PIL import Image

SHORT, LONG = 3, 4  # types of TIFF's fields


def tiff(fields: dict[int, tuple[int, list[int]]], data: bytes) -> bytes:
    """Return a little-endian TIFF: `data` at offset 8, then the fields (tag: type, values)."""
    formats = {SHORT: "H", LONG: "I"}
    extra = 8 + len(data) + 2 + 12 * len(fields) + 4
    directory, tail = struct.pack("<H", len(fields)), b""
    for tag, (kind, values) in sorted(fields.items()):
        packed = struct.pack(f"<{len(values)}{formats[kind]}", *values)
        if len(packed) <= 4:
            value = packed.ljust(4, b"\0")
        else:
            value = struct.pack("<I", extra + len(tail))
            tail += packed
        directory += struct.pack("<HHI", tag, kind, len(values)) + value
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + directory + bytes(4) + tail


def tiff_of_strips(count: int, side: int = 400) -> bytes:
    """Return a TIFF with `count` strips of one row, most of them below the picture."""
    offsets, lengths = [8] * count, [side] * count
    fields = {
        256: (LONG, [side]),
        257: (LONG, [side]),
        258: (SHORT, [8]),
        259: (SHORT, [1]),
        262: (SHORT, [1]),
        273: (LONG, offsets),
        277: (SHORT, [1]),
        278: (LONG, [1]),
        279: (LONG, lengths),
    }
    return tiff(fields, bytes(side))


def tiff_of_a_large_tile(side: int = 40_000, picture: int = 1000) -> bytes:
    """Return a TIFF whose only tile, deflated, is far larger than the picture."""
    compress = zlib.compressobj(9)
    data = b"".join(compress.compress(bytes(side)) for _ in range(side)) + compress.flush()
    fields = {
        256: (LONG, [picture]),
        257: (LONG, [picture]),
        258: (SHORT, [8]),
        259: (SHORT, [8]),
        262: (SHORT, [1]),
        277: (SHORT, [1]),
        322: (LONG, [side]),
        323: (LONG, [side]),
        324: (LONG, [8]),
        325: (LONG, [len(data)]),
    }
    return tiff(fields, data)


def jpeg_of_scans(width: int, height: int, count: int) -> bytes:
    """Return a progressive JPEG whose last scan comes `count` times."""
    buffer = io.BytesIO()
    Image.new("L", (width, height), "white").save(buffer, "JPEG", progressive=True, quality=1)
    content = buffer.getvalue()
    start = content.rindex(b"\xff\xda")
    return content[:start] + content[start:-2] * count + b"\xff\xd9"


def bmp_of_runs(width: int = 50_000_000) -> bytes:
    """Return a run-length encoded BMP of one row, of which the file has a kilobyte."""
    data = b"\xff\0" * 20 + b"\0\1"
    palette = bytes(4 * 256)
    start = 14 + 40 + len(palette)
    header = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
    header += struct.pack("<IiiHHIIiiII", 40, width, 1, 1, 8, 1, len(data), 0, 0, 256, 0)
    return header + palette + data


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


def blank(kind: str, width: int, height: int) -> bytes:
    """Return a blank picture in a format that makes it small."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(buffer, kind, quality=1)
    return buffer.getvalue()


def hostile_files() -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of files that take gigabytes or minutes without limits."""
    for count in (1_000_000, 2_000_000, 4_000_000):
        yield f"strips-{count}.tif", tiff_of_strips(count)
    yield "tile.tif", tiff_of_a_large_tile()
    yield "scans.jpg", jpeg_of_scans(7000, 6000, 6000)
    yield "runs.bmp", bmp_of_runs()


def variations(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield hostile files of random kinds, sizes and counts."""
    random = Random(seed)
    for index in range(count):
        kind = random.choice(["strips", "tile", "scans", "runs", "png", "WEBP", "AVIF", "HEIF"])
        width, height = random.randint(1, 8000), random.randint(1, 6000)
        name = f"{index:03}-{kind}"
        match kind:
            case "strips":
                count, side = round(10 ** random.uniform(3, 6.6)), random.randint(1, 4000)
                yield f"{name}.tif", tiff_of_strips(count, side)
            case "tile":
                yield f"{name}.tif", tiff_of_a_large_tile(random.randint(1000, 50_000), width)
            case "scans":
                yield f"{name}.jpg", jpeg_of_scans(width, height, random.randint(10, 8000))
            case "runs":
                yield f"{name}.bmp", bmp_of_runs(round(10 ** random.uniform(3, 9)))
            case "png":
                yield f"{name}.png", png_of_zeros(10 * width, 10 * height)
            case _:
                yield f"{name}.{kind.lower()}", blank(kind, width, height)
