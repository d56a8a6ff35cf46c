"""Fetching gzipped files from the first mirror that has them as they were published.

If params.yaml names MNIST, `python -m stages.mirrors` prints its first mirror that answers. The
exit code is 1 if none does.
"""

import gzip
import hashlib
import io
import os
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

import httpx
from tqdm import tqdm

from stages.published import PUBLISHED, PublishedFile, PublishedSet
from stages.shared.cli import StageError, run
from stages.shared.dataset import Download
from stages.shared.params import load_section

PARAMS = Path("params.yaml")
SMALLEST_FILE = "t10k-labels-idx1-ubyte"
TIMEOUT = httpx.Timeout(10, connect=5)  # seconds to wait for the next bytes
MAX_FETCH_TIME = 600  # seconds for one file; a mirror that sends byte by byte never times out
RETRY_DELAYS = (1.0, 2.0)  # seconds before a mirror that does not answer is tried again
MAX_OVERHEAD = 1 << 20  # bytes by which compression may enlarge a file
MAX_ARCHIVE = 1 << 30  # bytes; EMNIST's has 562 million
MAX_ARCHIVE_TIME = 3600  # seconds


class MirrorError(Exception):
    """This mirror does not have the file as published."""


class UnreachableError(MirrorError):
    """This mirror does not answer now."""


def variable(name: str) -> str:
    """Return the environment variable for a data set's own mirror, such as MNIST_MIRROR."""
    return f"{name.upper().replace('-', '_')}_MIRROR"


def mirrors(name: str, public: tuple[str, ...]) -> list[str]:
    """Return the mirrors in the order to try: that of the variable, if set, then the public."""
    own = os.environ.get(variable(name), "").strip()
    return [own, *public] if own else list(public)


def fetch_all(name: str, published: PublishedSet) -> list[bytes]:
    """Fetch the files of a data set, each from the first mirror that has it.

    Returns their decompressed content, in the order of `published.files`. Raises `StageError` if no
    mirror has a file byte for byte as published.
    """
    remaining = mirrors(name, published.mirrors)
    return [_fetch_one(remaining, name, file, of) for file, of in published.files.items()]


def _fetch_one(remaining: list[str], dataset: str, name: str, published: PublishedFile) -> bytes:
    """Fetch a file from the first mirror that has it; remove those that do not answer."""
    reasons = []
    for mirror in list(remaining):
        try:
            return _fetch(mirror, name, published)
        except MirrorError as error:
            reasons.append(f"{mirror} {error}")
            print(f"{name}: {reasons[-1]}", file=sys.stderr)
            if isinstance(error, UnreachableError):
                remaining.remove(mirror)
    raise StageError(
        f"{name}: no mirror has it as published: {'; '.join(reasons) or 'none answers'}; check the "
        f"network, set {variable(dataset)} to a folder or URL with the four .gz files, or type "
        f"`dvc exp run -S download.dataset=digits` to go without {dataset}"
    )


def find_mirror() -> str | None:
    """Return the first mirror that has the smallest of MNIST's files, None if there is none."""
    for mirror in mirrors("mnist", PUBLISHED["mnist"].mirrors):
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
    """Yield NAME.gz of a mirror, which is a folder, a .zip archive, or a URL of either."""
    if mirror.endswith(".zip"):
        yield _member(mirror, f"{name}.gz")
    elif mirror.startswith(("http://", "https://")):
        yield from _download_chunks(f"{mirror.rstrip('/')}/{name}.gz")
    else:
        try:
            yield (Path(mirror).expanduser() / f"{name}.gz").read_bytes()
        except OSError as error:
            raise MirrorError(f"has no readable {name}.gz: {error.strerror}") from error


def _download_chunks(url: str) -> Iterator[bytes]:
    # No content encoding, because some servers would decompress the file on the way.
    headers = {"Accept-Encoding": "identity"}
    try:
        with httpx.stream("GET", url, headers=headers, timeout=TIMEOUT) as response:
            if response.status_code >= 500 or response.status_code in (408, 429):
                raise UnreachableError(f"answered {response.status_code}")
            if response.status_code != 200:
                raise MirrorError(f"answered {response.status_code}")
            yield from response.iter_raw()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreachableError(f"does not answer: {str(error) or type(error).__name__}") from error


def _member(archive: str, name: str) -> bytes:
    """Return the file NAME in any folder of a .zip archive."""
    try:
        with zipfile.ZipFile(_opened(archive)) as content:
            for path in content.namelist():
                if path.split("/")[-1] == name:
                    return content.read(path)
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise MirrorError(f"is no readable .zip archive: {error}") from error
    raise MirrorError(f"has no {name}")


@cache
def _opened(archive: str) -> IO[bytes]:
    """Open an archive; one on the web is downloaded once, whole, to a temporary file."""
    if not archive.startswith(("http://", "https://")):
        return Path(archive).expanduser().open("rb")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is kept for all four files
    deadline = time.monotonic() + MAX_ARCHIVE_TIME
    with tqdm(desc=archive, unit="B", unit_scale=True) as progress:
        for chunk in _download_chunks(archive):
            file.write(chunk)
            progress.update(len(chunk))
            if file.tell() > MAX_ARCHIVE or time.monotonic() > deadline:
                raise MirrorError(f"sent more than a gigabyte, or for {MAX_ARCHIVE_TIME} s")
    return file


def _decompressed(compressed: bytes, published: PublishedFile) -> bytes:
    """Decompress a file and check it by its published digest."""
    try:
        content = gzip.GzipFile(fileobj=io.BytesIO(compressed)).read(published.size + 1)
    except EOFError as error:
        raise UnreachableError("cut the file off") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise MirrorError(f"sent no valid gzip file: {error}") from error
    if len(content) > published.size:
        raise MirrorError(f"sent more than the published {published.size:,} bytes")
    kind = published.of_compressed
    digest = hashlib.new(kind or "sha256", compressed if kind else content).hexdigest()
    if digest != published.digest:
        name = f"{kind.upper()} of the .gz file" if kind else "SHA-256"
        raise MirrorError(
            f"sent other content: {name} {digest[:12]}… of {len(content):,} bytes, "
            f"published is {(published.digest or '')[:12]}… of {published.size:,}"
        )
    return content


def main() -> None:
    try:
        dataset = load_section(Download, PARAMS).dataset
    except StageError:
        return  # download has said so
    if dataset == "mnist":
        mirror = find_mirror()
        if mirror is None:
            raise StageError("no mirror of MNIST answers")
        print(mirror)


if __name__ == "__main__":
    run(main)
