"""One file at one mirror, a folder or a URL, opened for reading within bounds."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import requests
import urllib3

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CONNECT_TIMEOUT, READ_TIMEOUT = 5, 10  # seconds
LONGEST_FETCH = 600  # seconds for one file; a mirror that only drips never times out otherwise


class MirrorError(Exception):
    """This mirror does not have the file as published; another one may."""


class UnreachableError(MirrorError):
    """This mirror does not answer at all, at least not now."""


class _Bounded(io.RawIOBase):
    """A source that ends with a `MirrorError` when it sends too much or takes too long."""

    def __init__(self, read: Callable[[int], bytes], most: int, deadline: float) -> None:
        self._read, self._left, self._deadline = read, most, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        try:
            chunk = self._read(memoryview(buffer).nbytes)
        except (urllib3.exceptions.HTTPError, TimeoutError) as error:
            raise UnreachableError(f"broke off: {_reason(error)}") from error
        self._left -= len(chunk)
        if self._left < 0:
            raise MirrorError("sent far more than was published")
        if time.monotonic() > self._deadline:
            raise UnreachableError(f"took more than {LONGEST_FETCH} s for one file")
        memoryview(buffer)[: len(chunk)] = chunk
        return len(chunk)


@contextmanager
def open_source(mirror: str, file_name: str, most: int) -> Iterator[io.BufferedReader]:
    """Open a mirror's file as it is stored there, of which at most `most` bytes will be read.

    Raises `MirrorError` or `UnreachableError`, also while the file is being read.
    """
    deadline = time.monotonic() + LONGEST_FETCH
    if mirror.startswith(("http://", "https://")):
        with _request(f"{mirror.rstrip('/')}/{file_name}") as response:
            # Some servers call a .gz file "gzip-encoded"; decoding is done once, by the caller.
            yield io.BufferedReader(
                _Bounded(
                    lambda amount: response.raw.read1(amount, decode_content=False), most, deadline
                )
            )
    else:
        try:
            file = (Path(mirror).expanduser() / file_name).open("rb")
        except OSError as error:
            raise MirrorError(f"has no readable {file_name}: {error.strerror}") from error
        with file:
            yield io.BufferedReader(_Bounded(file.read, most, deadline))


def _request(url: str) -> requests.Response:
    """Ask for `url`, through the proxies that the environment names.

    The adapter is called itself: a session would follow redirects, and read their bodies whole.
    """
    try:
        session = requests.Session()
        request = requests.Request("GET", url, headers={"Accept-Encoding": "identity"})
        settings = session.merge_environment_settings(url, {}, stream=True, verify=True, cert=None)
        response = session.get_adapter(url).send(
            session.prepare_request(request),
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            **settings,  # type: ignore[arg-type]  # `verify` is no longer None here
        )
    except (requests.RequestException, ValueError) as error:
        raise UnreachableError(f"does not answer: {_reason(error)}") from error
    if response.status_code == requests.codes.ok:
        return response
    response.close()
    answer = f"answered {response.status_code}"
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
