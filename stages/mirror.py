"""Fetching gzipped files from whichever mirror has them as they were published.

`python -m stages.mirror` prints the first mirror that answers; exit code 1 if none does.
"""

import gzip
import hashlib
import io
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import requests
import urllib3
from tqdm import tqdm

from stages.command import StageError, run
from stages.files import replacing

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PUBLIC_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
SMALLEST_FILE = "t10k-labels-idx1-ubyte.gz"
CONNECT_TIMEOUT, READ_TIMEOUT = 5, 10  # seconds
LONGEST_FETCH = 600  # seconds for one file; a mirror that only drips never times out otherwise
ATTEMPTS = 3  # for what may pass
FIRST_WAIT = 1.0  # seconds before the second attempt, twice that before the third
CHUNK = 1 << 16  # bytes
SLACK = 1 << 20  # bytes by which a file may grow when it is compressed


class Published(NamedTuple):
    """What is known of a file once it is decompressed."""

    size: int  # bytes
    sha256: str


class MirrorError(Exception):
    """This mirror does not have the file as published; another one may."""


class UnreachableError(MirrorError):
    """This mirror does not answer at all, at least not now."""


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
            with _open(mirror, SMALLEST_FILE):
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
        _open(mirror, f"{name}.gz") as read,
        replacing(path) as file,
        tqdm(desc=name, total=published.size, unit="B", unit_scale=True) as progress,
        gzip.GzipFile(fileobj=io.BufferedReader(_Bounded(read, published.size + SLACK))) as content,
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
    except (urllib3.exceptions.HTTPError, TimeoutError) as error:
        raise UnreachableError(f"broke off: {_reason(error)}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise MirrorError(f"sent no valid gzip file: {error}") from error


class _Bounded(io.RawIOBase):
    """A source that ends with a `MirrorError` when it sends too much or takes too long."""

    def __init__(self, read: Callable[[int], bytes], most: int) -> None:
        self._read, self._left = read, most
        self._deadline = time.monotonic() + LONGEST_FETCH

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        chunk = self._read(memoryview(buffer).nbytes)
        self._left -= len(chunk)
        if self._left < 0:
            raise MirrorError("sent far more than was published")
        if time.monotonic() > self._deadline:
            raise UnreachableError(f"took more than {LONGEST_FETCH} s for one file")
        memoryview(buffer)[: len(chunk)] = chunk
        return len(chunk)


@contextmanager
def _open(mirror: str, file_name: str) -> Iterator[Callable[[int], bytes]]:
    """Open a mirror's file, as it is stored there, as a function that reads up to n bytes."""
    if mirror.startswith(("http://", "https://")):
        with _request(f"{mirror.rstrip('/')}/{file_name}") as response:
            # Some servers call a .gz file "gzip-encoded"; decoding is done once, by the caller.
            yield lambda amount: response.raw.read(amount, decode_content=False) or b""
    else:
        try:
            file = (Path(mirror).expanduser() / file_name).open("rb")
        except OSError as error:
            raise MirrorError(f"has no readable {file_name}: {error.strerror}") from error
        with file:
            yield file.read


def _request(url: str) -> requests.Response:
    try:
        response = requests.get(
            url,
            stream=True,
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            headers={"Accept-Encoding": "identity"},
        )
    except requests.RequestException as error:
        raise UnreachableError(f"does not answer: {_reason(error)}") from error
    if response.status_code == requests.codes.ok:
        return response
    response.close()
    answer = f"answered {response.status_code} {response.reason}"
    if response.status_code >= 500 or response.status_code in (408, 429):
        raise UnreachableError(answer)
    raise MirrorError(answer)


def _reason(error: BaseException) -> str:
    """Name a network error's innermost cause; the outer ones repeat it with memory addresses."""
    while inner := error.__cause__ or error.__context__ or getattr(error, "reason", None):
        if not isinstance(inner, BaseException):
            break
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def main() -> None:
    mirror = first_answering()
    if mirror is None:
        raise StageError(f"no mirror answers: {', '.join(mirrors())}")
    print(mirror)


if __name__ == "__main__":
    run(main)
