"""Tests of time limits that take no time: a clock that moves on when nothing is left to do."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

LONGEST = 1000  # seconds; no limit of the server is that long
Parameters = ParamSpec("Parameters")


class _PassedTime(selectors.DefaultSelector):
    """Waits for nothing that comes from outside, but counts the seconds it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            if timeout is None or self.seconds > LONGEST:
                raise RuntimeError("the test waits for what will never be")
            self.seconds += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._passed = _PassedTime()
        super().__init__(self._passed)

    def time(self) -> float:
        return self._passed.seconds


def timeless(
    test: Callable[Parameters, Coroutine[Any, Any, None]],
) -> Callable[Parameters, None]:
    """Run a test in an event loop whose time begins at 0 and passes at once.

    All that it waits for must come from the loop itself: no threads, and no sockets but pairs of
    this process, in which nothing is on its way for a while.
    """

    @functools.wraps(test)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def now() -> float:
    """Return the seconds since the test began."""
    return asyncio.get_running_loop().time()
