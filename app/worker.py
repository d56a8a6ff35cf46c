"""What happens in one of the processes that read pictures: its limits, its model, its tasks."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from app.classes import DIGITS, Classes
from pictures.files import MAX_MEMORY, MoreNeededError, PictureError

if TYPE_CHECKING:  # the process that starts the workers needs none of what this imports
    from app.class_reader import ClassReader
    from app.reader import Reader


class Limits(NamedTuple):
    """What the work on one picture may take."""

    memory: int  # bytes for the file and its decoder
    seconds: float
    tasks: int  # of one process: a new one has none of a decoder's leaks


QUICK, PATIENT = Limits(32 << 20, 1.0, 1000), Limits(MAX_MEMORY, 7.0, 10)
OTHER_MEMORY = 48 << 20  # bytes for all that a worker does beside decoding

# What is in the files of the model and, for digits, of the two networks beside it; and the limits.
_settings: tuple[list[bytes], Classes, Limits] | None = None


def content(descriptor: Any) -> bytes:
    """Return the content of a file that another process has opened."""
    own = descriptor.detach()
    try:
        # The position in the file is the same in all processes, so none of them moves it.
        return os.pread(own, os.fstat(own).st_size, 0)
    finally:
        os.close(own)


def prepare(models: list[bytes], classes: Classes, limits: Limits) -> None:
    """Prepare a new process."""
    global _settings
    _settings = models, classes, limits


@cache
def _reader() -> "Reader | ClassReader":
    import cv2

    from app.class_reader import ClassReader
    from app.reader import Reader

    assert _settings  # noqa: S101 - set by prepare
    (model, *networks), classes, limits = _settings
    cv2.setNumThreads(1)  # the other cores have their own processes
    if classes != DIGITS:
        return ClassReader(model, classes, limits.memory)
    characters, rows = networks
    try:
        return Reader(model, limits.memory, characters, rows)
    except ValueError:
        for index, network in enumerate((characters, rows), start=1):
            _load(index, network)
        raise


def _load(index: int, network: bytes) -> None:
    """Load one of the models, or raise `ValueError` with its index among them."""
    from app.classifier import Classifier

    try:
        Classifier(network)
    except ValueError as error:
        raise ValueError(index) from error


@contextmanager
def _limited_memory() -> Iterator[None]:
    """Let the block take as much memory as the limits of this process allow."""
    assert _settings  # noqa: S101 - set by prepare
    if sys.platform != "linux":  # elsewhere the system knows no such limit
        yield
        return
    import resource

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + _settings[2].memory + OTHER_MEMORY
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def run(task: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the task returns, or the `PictureError` that it raises.

    An exception would hold the picture's memory, by its traceback, until the next task.
    """
    import cv2

    reader = _reader()
    try:
        with _limited_memory():
            return task(reader, *arguments)
    except PictureError as error:
        return type(error)(str(error))
    except MemoryError:
        return MoreNeededError("more memory")
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            return MoreNeededError("more memory")
        raise RuntimeError(str(error)) from None
    except BaseException as error:
        if isinstance(error, Exception):
            raise
        # A decoder in Rust has panicked, and its exception cannot be sent.
        return PictureError(f"damaged: {type(error).__name__}")
