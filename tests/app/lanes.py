"""Workers that need no processes: they do a task at once, where it is asked for."""

from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from app.class_reader import ClassReader
from app.reader import Reader


class Lane:
    """Stands in for `app.workers.Lane`."""

    def __init__(self, reader: Reader | ClassReader) -> None:
        self._reader = reader

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Call `task(reader, *arguments)` in this process."""
        future: Future[Any] = Future()
        try:
            future.set_result(task(self._reader, *arguments))
        except Exception as error:
            future.set_exception(error)
        return future


def workers_here(reader: Reader | ClassReader) -> Any:
    """Stand in for `app.workers.Workers`."""
    return SimpleNamespace(quick=Lane(reader), patient=Lane(reader))
