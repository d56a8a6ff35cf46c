"""Processes that read pictures and can be killed, whatever a picture does to its decoder.

A file of a kilobyte can make a decoder take gigabytes, or minutes inside a library that nothing
interrupts. So a picture is first opened in a process with little memory and little time, `QUICK`.
If it needs more, another process opens it with the limits `PATIENT`, one such picture at a time. A
process that exceeds its time is killed, and a new one takes its place.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache, partial
from multiprocessing import forkserver, reduction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pebble import CONSTS, ProcessExpired, ProcessPool

from app.files import MAX_MEMORY, MoreNeededError, PictureError, TooLargeError
from app.tasks import check

if TYPE_CHECKING:  # only the workers need what this imports
    from app.reader import Reader


class Limits(NamedTuple):
    """What the work on one picture may take."""

    memory: int  # bytes for the file and its decoder
    seconds: float
    tasks: int  # of one process: a new one has none of a decoder's leaks


QUICK, PATIENT = Limits(32 << 20, 1.0, 1000), Limits(MAX_MEMORY, 7.0, 10)
OTHER_MEMORY = 48 << 20  # bytes for all that a worker does beside decoding
PROCESSES = 2  # quick ones
CONSTS.term_timeout = 0.1  # seconds from SIGTERM to SIGKILL; a decoder does not hear the first

_settings: tuple[bytes, Limits] | None = None  # of a worker: the model's content, and its limits


class ModelError(Exception):
    """The model cannot be used; the message says why."""


class Workers:
    """Some quick processes, and a patient one as soon as it is needed."""

    def __init__(self, model: Path) -> None:
        """Start the processes; raise `ModelError` if they cannot use the model."""
        try:
            if model.exists() and not model.is_file():
                raise ModelError("not a regular file")
            file = _OpenFile(model)
        except OSError as error:
            raise ModelError(error.strerror or str(error)) from error
        _start_forkserver()
        self.quick, self.patient = Lane(file, QUICK, PROCESSES), Lane(file, PATIENT, 1)
        try:
            try:
                self.quick.submit(check).result()
            except MoreNeededError:  # on a busy machine
                self.patient.submit(check).result()
        except (ValueError, RuntimeError, PictureError) as error:
            raise ModelError("no model that can be loaded") from error


class _OpenFile:
    """A file that stays open, so that each new process gets the same content.

    Another run of the pipeline may replace the file meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a process that is started with this object get the content."""
        return _content, (reduction.DupFd(self._file.fileno()),)


def _content(descriptor: Any) -> bytes:
    own = descriptor.detach()
    try:
        # The position in the file is the same in all processes, so none of them moves it.
        return os.pread(own, os.fstat(own).st_size, 0)
    finally:
        os.close(own)


class Lane:
    """Processes with the same limits, which start with the first task."""

    def __init__(self, model: _OpenFile, limits: Limits, processes: int) -> None:
        self._limits = limits
        context: Any = multiprocessing.get_context("forkserver")
        options = (processes, limits.tasks, _prepare, (model, limits), context)
        self._new_pool = partial(ProcessPool, *options)
        self._pool = self._new_pool()

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Call `task(reader, *arguments)` in a process.

        The future raises `MoreNeededError` if a quick process reached its limits, another
        `PictureError` if the picture cannot be read, or else what the task raises. If it is
        cancelled, the task does not begin, or its process is killed.
        """
        result: Future[Any] = Future()
        size = sum(len(part) for part in arguments if isinstance(part, bytes))
        if self._limits is QUICK and size > QUICK.memory // 4:  # it is copied on its way
            result.set_exception(MoreNeededError("more memory"))
            return result
        work: Any = (_run, (task, *arguments), {}, self._limits.seconds)
        try:
            future = self._pool.schedule(*work)
        except RuntimeError:  # the pool gave up: an idle process was killed, for example
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool = self._new_pool()
            future = self._pool.schedule(*work)
        result.add_done_callback(lambda _: future.cancel())  # type: ignore[no-untyped-call]
        future.add_done_callback(partial(self._finish, result))
        return result

    def _finish(self, result: Future[Any], future: Future[Any]) -> None:
        """Give the outcome of a task to who asked for it."""
        error = CancelledError() if future.cancelled() else future.exception()
        stopped = isinstance(error, TimeoutError | ProcessExpired | BrokenProcessPool)
        if stopped and self._limits is QUICK:
            error = MoreNeededError("more memory or time")
        elif isinstance(error, TimeoutError):
            error = TooLargeError(f"not read within {self._limits.seconds:.0f} s; save it smaller")
        elif stopped:
            error = PictureError("damaged: its decoder broke down")
        elif not error and isinstance(future.result(), PictureError):
            error = future.result()
        if isinstance(error, MoreNeededError) and self._limits is PATIENT:
            error = PictureError("damaged: takes more memory than its size explains")
        with suppress(InvalidStateError):  # it was cancelled
            if error:
                result.set_exception(error)
            else:
                result.set_result(future.result())


def _start_forkserver() -> None:
    """Start the process from which the workers are forked, with no access to standard streams.

    Decoders print about damaged files, and standard input may be what the user pipes.
    """
    saved = [os.dup(descriptor) for descriptor in range(3)]
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        for descriptor in range(3):
            os.dup2(nothing, descriptor)
        forkserver.set_forkserver_preload(["app.reader", "app.montage"])
        forkserver.ensure_running()
    finally:
        for descriptor, copy in enumerate(saved):
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nothing)


def _prepare(model: bytes, limits: Limits) -> None:
    """Prepare a new process."""
    global _settings
    _settings = model, limits


@cache
def _reader() -> "Reader":
    import cv2

    from app.reader import Reader

    assert _settings  # noqa: S101 - set by _prepare
    model, limits = _settings
    cv2.setNumThreads(1)  # the other cores have their own processes
    return Reader(model, limits.memory)


@contextmanager
def _limited_memory() -> Iterator[None]:
    """Let the block take as much memory as the limits of this process allow."""
    assert _settings  # noqa: S101 - set by _prepare
    if sys.platform != "linux":  # elsewhere the system knows no such limit
        yield
        return
    import resource

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + _settings[1].memory + OTHER_MEMORY
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _run(task: Callable[..., Any], *arguments: Any) -> Any:
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
