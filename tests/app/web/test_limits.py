import asyncio
import select
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from typing import Any, cast

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.web import limits
from app.web.limits import Bodies, is_small
from tests.app.web.serving import EMPTY, answer_on, application, connect, head, serving


class Sender:
    """A request whose body comes in parts, each when the test says so."""

    headers: dict[str, str]

    def __init__(self, content_length: str = "") -> None:
        self.headers = {"content-length": content_length}
        self.parts: asyncio.Queue[bytes] = asyncio.Queue()

    async def stream(self) -> AsyncIterator[bytes]:
        while part := await self.parts.get():
            yield part
            self.parts.task_done()

    async def send(self, part: bytes) -> None:
        """Send a part and wait until the server has taken it."""
        self.parts.put_nowait(part)
        await self.parts.join()

    def end(self) -> None:
        self.parts.put_nowait(b"")


async def received(bodies: Bodies, sender: Sender, until: asyncio.Event | None = None) -> bytes:
    async with bodies.received(cast(Request, sender), 100, bytes) as content:
        if until:
            await until.wait()
        return content


def status_of(task: asyncio.Task[bytes]) -> int:
    error = task.exception()
    assert isinstance(error, HTTPException)
    return error.status_code


def test_the_oldest_incomplete_body_makes_room() -> None:
    """In 10 bytes, 6 of a first body and 4 of a second give way to the third, oldest first."""

    async def main() -> None:
        bodies = Bodies(10)
        first, second, third = senders = Sender(), Sender(), Sender()
        tasks = [asyncio.create_task(received(bodies, sender)) for sender in senders]
        await first.send(b"a" * 6)
        await second.send(b"b" * 4)
        await third.send(b"c" * 6)
        await asyncio.wait([tasks[0]])
        assert status_of(tasks[0]) == 503
        second.end()
        third.end()
        assert await tasks[1] == b"b" * 4
        assert await tasks[2] == b"c" * 6
        assert bodies._room == 10

    asyncio.run(main())


def test_a_body_gives_no_room_to_itself() -> None:
    """A body that alone exceeds the room is refused, and leaves it empty."""

    async def main() -> None:
        bodies, sender = Bodies(10), Sender()
        task = asyncio.create_task(received(bodies, sender))
        sender.parts.put_nowait(b"a" * 11)
        await asyncio.wait([task])
        assert status_of(task) == 503
        assert bodies._room == 10

    asyncio.run(main())


def test_a_complete_body_keeps_its_room() -> None:
    """A body that is being recognised is not dropped; the newcomer is refused instead."""

    async def main() -> None:
        bodies, first, second, done = Bodies(10), Sender(), Sender(), asyncio.Event()
        complete = asyncio.create_task(received(bodies, first, done))
        await first.send(b"a" * 6)
        first.end()
        refused = asyncio.create_task(received(bodies, second))
        second.parts.put_nowait(b"b" * 6)
        await asyncio.wait([refused])
        assert status_of(refused) == 503
        done.set()
        assert await complete == b"a" * 6
        assert bodies._room == 10

    asyncio.run(main())


def test_a_body_dropped_in_its_last_moment_is_not_taken_for_empty() -> None:
    """If a body is dropped and ends before its task knows, its sender gets a 503."""

    async def main() -> None:
        bodies, first, second = Bodies(10), Sender(), Sender()
        dropped = asyncio.create_task(received(bodies, first))
        other = asyncio.create_task(received(bodies, second))
        await first.send(b"a" * 6)
        second.parts.put_nowait(b"b" * 6)
        first.end()
        second.end()
        await asyncio.wait([dropped, other])
        assert status_of(dropped) == 503
        assert other.result() == b"b" * 6
        assert bodies._room == 10

    asyncio.run(main())


def test_the_oldest_body_takes_room_from_the_next() -> None:
    """A body is never dropped for a part of its own."""

    async def main() -> None:
        bodies, first, second = Bodies(10), Sender(), Sender()
        oldest = asyncio.create_task(received(bodies, first))
        next_one = asyncio.create_task(received(bodies, second))
        await first.send(b"a" * 6)
        await second.send(b"b" * 4)
        await first.send(b"a" * 4)
        first.end()
        assert await oldest == b"a" * 10
        await asyncio.wait([next_one])
        assert status_of(next_one) == 503

    asyncio.run(main())


@pytest.mark.parametrize("content_length", ["101", "9" * 5000, ""])
def test_a_body_has_a_limit_of_its_own(content_length: str) -> None:
    """More than the limit is refused, announced or not."""

    async def main() -> None:
        bodies, sender = Bodies(1000), Sender(content_length)
        task = asyncio.create_task(received(bodies, sender))
        sender.parts.put_nowait(b"a" * 101)
        await asyncio.wait([task])
        assert status_of(task) == 413
        assert bodies._room == 1000

    asyncio.run(main())


@pytest.mark.parametrize(
    ("headers", "small"),
    [
        ({"content-length": "1048576"}, True),
        ({"content-length": "1048577"}, False),
        ({"content-length": "1", "transfer-encoding": "chunked"}, False),
        ({}, False),
    ],
)
def test_only_an_announced_size_is_small(headers: dict[str, str], small: bool) -> None:
    """A body of at most 1 MiB is small; one in chunks is not, as nobody knows its size."""
    sender = Sender()
    sender.headers = headers
    assert is_small(cast(Request, sender)) == small


def test_large_bodies_do_not_keep_small_ones_out() -> None:
    """While bodies of 16 MiB wait and there is no room for one more, a small one is answered."""
    held: list[int] = []
    go_on = threading.Event()

    async def recognise(content: bytes) -> dict[str, Any]:
        if len(content) > 1:
            held.append(len(content))
            await asyncio.to_thread(go_on.wait)
        return EMPTY

    def arrived(count: int, connection: socket.socket) -> bool:
        return len(held) == count or bool(select.select([connection], [], [], 0)[0])

    with serving(application(recognise)) as port, ExitStack() as stack:
        stack.callback(go_on.set)
        for count in range(1, 5):
            large = stack.enter_context(connect(port))
            with suppress(ConnectionError):  # refused before all of it is sent
                large.sendall(head("/read", 16 << 20) + bytes(16 << 20))
            while not arrived(count, large):
                time.sleep(0.002)
        small = stack.enter_context(connect(port))
        small.sendall(head("/read", 1) + b"a")
        assert answer_on(small) == (200, EMPTY)


def test_a_body_is_not_kept_beside_its_picture() -> None:
    """While the picture in a body is recognised, only the test refers to the body itself."""

    async def main() -> None:
        sender, bodies, taken_from = Sender(), Bodies(100), []

        def take(content: bytes) -> int:
            taken_from.append(content)
            return len(content)

        sender.parts.put_nowait(b"a body")
        sender.end()
        async with bodies.received(cast(Request, sender), 100, take) as taken:
            assert taken == 6
            count = sys.getrefcount(taken_from[0])
            assert count == 2  # the list, and the call's argument
            assert bodies._room == 94
        assert bodies._room == 100

    asyncio.run(main())


def test_a_slow_body_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not end in time gets a 408."""
    monkeypatch.setattr(limits, "BODY_TIME", 0.01)

    async def main() -> None:
        task = asyncio.create_task(received(Bodies(10), Sender()))
        await asyncio.wait([task])
        assert status_of(task) == 408

    asyncio.run(main())
