"""Workers that need no processes: they do a task at once, where it is asked for."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast

from app.class_reader import ClassReader
from app.reader import Reader
from app.workers import Workers
from pictures.files import MoreNeededError

Do = Callable[..., Any]  # takes a task and its arguments, and returns its result


def repeat(*work: Any) -> Any:
    """Answer with the task and its arguments."""
    return work


def need_more(*_: Any) -> Any:
    """Do as a quick process does that has reached its limits."""
    raise MoreNeededError("more memory")


class Lane:
    """Stands in for `app.workers.Lane`."""

    def __init__(self, do: Do) -> None:
        self.submitted = 0
        self._do = do

    def submit(self, *work: Any) -> Future[Any]:
        self.submitted += 1
        future: Future[Any] = Future()
        try:
            future.set_result(self._do(*work))
        except Exception as error:  # as the one of another process
            future.set_exception(error)
        return future


class AtOnce:
    """Stands in for `app.workers.Workers`."""

    def __init__(self, quick: Do, patient: Do = need_more) -> None:
        self.quick, self.patient = Lane(quick), Lane(patient)
        self.stopped = 0  # how often

    def stop(self) -> None:
        self.stopped += 1

    def as_workers(self) -> Workers:
        return cast(Workers, self)


def workers_here(reader: Reader | ClassReader) -> Workers:
    """Return workers whose tasks are done with one reader."""

    def do(task: Callable[..., Any], *arguments: Any) -> Any:
        return task(reader, *arguments)

    return AtOnce(do, do).as_workers()
