"""Fetching gzipped files from the first mirror that has them as they were published.

`python -m stages.mirrors` prints the first mirror that answers; the exit code is 1 if none does.
"""

import gzip
import hashlib
import io
import os
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx
from tqdm import tqdm

from stages.shared.cli import StageError, run
from stages.shared.files import replacing

PUBLIC_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
SMALLEST_FILE = "t10k-labels-idx1-ubyte"
TIMEOUT = httpx.Timeout(10, connect=5)  # seconds to wait for the next bytes
MAX_FETCH_TIME = 600  # seconds for one file; a mirror that sends byte by byte never times out
RETRY_DELAYS = (1.0, 2.0)  # seconds before a mirror that does not answer is tried again
MAX_OVERHEAD = 1 << 20  # bytes by which compression may enlarge a file


class MirrorError(Exception):
    """This mirror does not have the file as published."""


class UnreachableError(MirrorError):
    """This mirror does not answer now."""


class PublishedFile(NamedTuple):
    """The size and the digest of a file's decompressed content."""

    size: int  # bytes
    sha256: str


def mirrors() -> list[str]:
    """Return the mirrors in the order to try: MNIST_MIRROR, if set, then the public ones."""
    own = os.environ.get("MNIST_MIRROR", "").strip()
    return [own, *PUBLIC_MIRRORS] if own else list(PUBLIC_MIRRORS)


def fetch_all(files: dict[str, PublishedFile], folder: Path) -> None:
    """Fetch NAME.gz for each NAME from the first mirror that has it; write it decompressed.

    Raises `StageError` if no mirror has a file byte for byte as published.
    """
    remaining = mirrors()
    for name, published in files.items():
        reasons = []
        for mirror in list(remaining):
            try:
                content = _fetch(mirror, name, published)
                break
            except MirrorError as error:
                reasons.append(f"{mirror} {error}")
                print(f"{name}: {reasons[-1]}", file=sys.stderr)
                if isinstance(error, UnreachableError):
                    remaining.remove(mirror)
        else:
            raise StageError(
                f"{name}: no mirror has it as published: {'; '.join(reasons) or 'none answers'}; "
                "check the network, set MNIST_MIRROR to a folder or URL with the four .gz files, "
                "or type `dvc exp run -S download.dataset=digits` to go without MNIST"
            )
        with replacing(folder / name) as file:
            file.write(content)


def find_mirror() -> str | None:
    """Return the first mirror that has the smallest of the files, None if there is none."""
    for mirror in mirrors():
        with suppress(MirrorError):
            # A network's sign-in page is no gzip file.
            if next(_chunks(mirror, SMALLEST_FILE), b"").startswith(b"\x1f\x8b"):
                return mirror
    return None


def _fetch(mirror: str, name: str, published: PublishedFile) -> bytes:
    """Return the decompressed content of NAME.gz; try again if the mirror does not answer."""
    for delay in RETRY_DELAYS:
        with suppress(UnreachableError):
            return _decompressed(_download(mirror, name, published), published)
        time.sleep(delay)
    return _decompressed(_download(mirror, name, published), published)


def _download(mirror: str, name: str, published: PublishedFile) -> bytes:
    """Return NAME.gz as it is at the mirror, within limits of size and time."""
    content, deadline = bytearray(), time.monotonic() + MAX_FETCH_TIME
    with tqdm(desc=name, unit="B", unit_scale=True) as progress:
        for chunk in _chunks(mirror, name):
            content += chunk
            progress.update(len(chunk))
            if len(content) > published.size + MAX_OVERHEAD:
                raise MirrorError("sent far more than was published")
            if time.monotonic() > deadline:
                raise MirrorError(f"took more than {MAX_FETCH_TIME} s for one file")
    return bytes(content)


def _chunks(mirror: str, name: str) -> Iterator[bytes]:
    """Yield NAME.gz of a mirror, which is a folder or a URL."""
    if not mirror.startswith(("http://", "https://")):
        try:
            yield (Path(mirror).expanduser() / f"{name}.gz").read_bytes()
        except OSError as error:
            raise MirrorError(f"has no readable {name}.gz: {error.strerror}") from error
        return
    # No content encoding, because some servers would decompress the file on the way.
    headers = {"Accept-Encoding": "identity"}
    try:
        url = f"{mirror.rstrip('/')}/{name}.gz"
        with httpx.stream("GET", url, headers=headers, timeout=TIMEOUT) as response:
            if response.status_code >= 500 or response.status_code in (408, 429):
                raise UnreachableError(f"answered {response.status_code}")
            if response.status_code != 200:
                raise MirrorError(f"answered {response.status_code}")
            yield from response.iter_raw()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreachableError(f"does not answer: {str(error) or type(error).__name__}") from error


def _decompressed(compressed: bytes, published: PublishedFile) -> bytes:
    try:
        content = gzip.GzipFile(fileobj=io.BytesIO(compressed)).read(published.size + 1)
    except EOFError as error:
        raise UnreachableError("cut the file off") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise MirrorError(f"sent no valid gzip file: {error}") from error
    if len(content) > published.size:
        raise MirrorError(f"sent more than the published {published.size:,} bytes")
    digest = hashlib.sha256(content).hexdigest()
    if digest != published.sha256:
        raise MirrorError(
            f"sent other content: SHA-256 {digest[:12]}… of {len(content):,} bytes, "
            f"published is {published.sha256[:12]}… of {published.size:,}"
        )
    return content


def main() -> None:
    mirror = find_mirror()
    if mirror is None:
        raise StageError(f"no mirror answers: {', '.join(mirrors())}")
    print(mirror)


if __name__ == "__main__":
    run(main)
