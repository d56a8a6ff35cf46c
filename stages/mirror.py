"""Fetching gzipped files from whichever mirror has them as they were published.

`python -m stages.mirror` prints the first mirror that answers; exit code 1 if none does.
"""

import gzip
import hashlib
import os
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from stages.command import StageError, run
from stages.files import replacing
from stages.source import MirrorError, UnreachableError, open_source

PUBLIC_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
SMALLEST_FILE = "t10k-labels-idx1-ubyte.gz"
ATTEMPTS = 3  # for what may pass
FIRST_WAIT = 1.0  # seconds before the second attempt, twice that before the third
GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 16  # bytes
SLACK = 1 << 20  # bytes by which a file may grow when it is compressed


class Published(NamedTuple):
    """What is known of a file once it is decompressed."""

    size: int  # bytes
    sha256: str


def mirrors() -> list[str]:
    """Return the mirrors in the order to try: MNIST_MIRROR, if set, then the public ones."""
    own = os.environ.get("MNIST_MIRROR", "").strip()
    return [own, *PUBLIC_MIRRORS] if own else list(PUBLIC_MIRRORS)


def fetch_all(files: dict[str, Published], folder: Path) -> None:
    """Fetch NAME.gz for each NAME from the first mirror that has it; write it decompressed.

    Raises `StageError` if no mirror gives a file that is byte for byte what was published.
    """
    candidates = mirrors()
    for name, published in files.items():
        faults = []
        for mirror in list(candidates):
            try:
                _fetch_patiently(mirror, name, published, folder / name)
                break
            except MirrorError as fault:
                faults.append(f"{mirror} {fault}")
                print(f"{name}: {faults[-1]}", file=sys.stderr)
                if isinstance(fault, UnreachableError):
                    candidates.remove(mirror)
        else:
            raise StageError(
                f"{name}: no mirror has it as published: {'; '.join(faults) or 'none answers'}; "
                "check the network, set MNIST_MIRROR to a folder or URL with the four .gz files, "
                "or type `dvc exp run -S download.dataset=digits` to go without MNIST"
            )


def first_answering() -> str | None:
    """Return the first mirror that has the smallest of the files, None if there is none."""
    for mirror in mirrors():
        try:
            with open_source(mirror, SMALLEST_FILE, most=SLACK) as compressed:
                if compressed.read(2) == GZIP_MAGIC:  # a page that asks to sign in is no answer
                    return mirror
        except MirrorError:
            continue
    return None


def _fetch_patiently(mirror: str, name: str, published: Published, path: Path) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _fetch(mirror, name, published, path)
            break
        except UnreachableError:
            if attempt == ATTEMPTS:
                raise
            time.sleep(FIRST_WAIT * 2 ** (attempt - 1))


def _fetch(mirror: str, name: str, published: Published, path: Path) -> None:
    """Decompress a mirror's file into `path`, and keep it only if it is what was published."""
    digest, size = hashlib.sha256(), 0
    with (
        open_source(mirror, f"{name}.gz", most=published.size + SLACK) as compressed,
        replacing(path) as file,
        tqdm(desc=name, total=published.size, unit="B", unit_scale=True) as progress,
        gzip.GzipFile(fileobj=compressed) as content,
    ):
        for chunk in _chunks(content):
            size += len(chunk)
            if size > published.size:
                raise MirrorError(f"sent more than the published {published.size:,} bytes")
            digest.update(chunk)
            file.write(chunk)
            progress.update(len(chunk))
        if digest.hexdigest() != published.sha256:
            raise MirrorError(
                f"sent other content: SHA-256 {digest.hexdigest()[:12]}… of {size:,} bytes, "
                f"published is {published.sha256[:12]}… of {published.size:,}"
            )


def _chunks(content: gzip.GzipFile) -> Iterator[bytes]:
    try:
        while chunk := content.read(CHUNK):
            yield chunk
    except EOFError as error:
        raise UnreachableError("cut the file off") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise MirrorError(f"sent no valid gzip file: {error}") from error


def main() -> None:
    mirror = first_answering()
    if mirror is None:
        raise StageError(f"no mirror answers: {', '.join(mirrors())}")
    print(mirror)


if __name__ == "__main__":
    run(main)
