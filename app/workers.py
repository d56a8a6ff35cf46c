"""Processes that read pictures and can be killed, whatever a picture does to its decoder.

A file of a kilobyte can make a decoder take gigabytes, or minutes inside a library that nothing
interrupts. So a picture is first opened in a process with little memory and little time, `QUICK`.
If it needs more, another process opens it with the limits `PATIENT`, one such picture at a time. A
process that exceeds its time is killed, and a new one takes its place.
"""

import multiprocessing
import os
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing import forkserver, reduction
from pathlib import Path
from typing import Any

from pebble import CONSTS, ProcessExpired, ProcessPool

from app.classes import DIGITS, Classes, ClassesError, shortened
from app.models import CHARACTERS, ROWS
from app.tasks import check
from app.worker import PATIENT, QUICK, Limits, content, prepare, run
from pictures.files import MoreNeededError, PictureError, TooLargeError

PROCESSES = 2  # quick ones
CONSTS.term_timeout = 0.1  # seconds from SIGTERM to SIGKILL; a decoder does not hear the first


class ModelError(Exception):
    """A model cannot be used: its path, and why."""


class Workers:
    """Some quick processes, and a patient one as soon as it is needed."""

    def __init__(self, model: Path, classes: Classes = DIGITS) -> None:
        """Start the processes.

        Raises `ModelError` if they cannot use the model, `ClassesError` if it has other classes.
        """
        paths = (model, CHARACTERS, ROWS) if classes == DIGITS else (model,)
        files = [_opened(path) for path in paths]
        _start_forkserver()
        self.quick, self.patient = (
            Lane(files, classes, limits, processes)
            for limits, processes in ((QUICK, PROCESSES), (PATIENT, 1))
        )
        try:
            try:
                outputs = self.quick.submit(check).result()
            except MoreNeededError:  # on a busy machine
                outputs = self.patient.submit(check).result()
        except (ValueError, RuntimeError, PictureError) as error:
            index = error.args[0] if error.args in ((1,), (2,)) else 0
            raise ModelError(paths[index], "no model that can be loaded") from error
        if outputs != len(classes):
            raise ClassesError(
                f"{model}: found {outputs} outputs, expected {len(classes)}, one for each class: "
                f"{shortened(classes)}; name its classes with --classes FILE"
            )

    def stop(self) -> None:
        """End the processes, also in the middle of a task."""
        self.quick.stop()
        self.patient.stop()


class _OpenFile:
    """A file that stays open, so that each new process gets the same content.

    Another run of the pipeline may replace the file meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        weakref.finalize(self, self._file.close)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a process that is started with this object get the content."""
        return content, (reduction.DupFd(self._file.fileno()),)


def _opened(path: Path) -> _OpenFile:
    try:
        if path.exists() and not path.is_file():
            raise ModelError(path, "not a regular file")
        return _OpenFile(path)
    except OSError as error:
        raise ModelError(path, error.strerror or str(error)) from error


class Lane:
    """Processes with the same limits, which start with the first task."""

    def __init__(
        self, files: list[_OpenFile], classes: Classes, limits: Limits, processes: int
    ) -> None:
        self._limits = limits
        context: Any = multiprocessing.get_context("forkserver")
        options = (processes, limits.tasks, prepare, (files, classes, limits), context)
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
        work: Any = (run, (task, *arguments), {}, self._limits.seconds)
        try:
            future = self._pool.schedule(*work)
        except RuntimeError:  # the pool gave up: an idle process was killed, for example
            self.stop()
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

    def stop(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _start_forkserver() -> None:
    """Start the process from which the workers are forked, with no access to standard streams.

    Decoders print about damaged files, and standard input may be what the user pipes.
    """
    saved = [os.dup(descriptor) for descriptor in range(3)]
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        for descriptor in range(3):
            os.dup2(nothing, descriptor)
        forkserver.set_forkserver_preload(["app.class_reader", "app.montage"])
        forkserver.ensure_running()
    finally:
        for descriptor, copy in enumerate(saved):
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nothing)
