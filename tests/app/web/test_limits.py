import asyncio
import sys
from collections.abc import AsyncIterator
from typing import cast

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from app.web.limits import Bodies, is_small
from pictures.files import PictureError
from tests.app.web.clock import now, timeless

BUSY = (503, "the server is busy with other pictures; try again")


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


def refusal_of(task: asyncio.Task[bytes]) -> tuple[int, str]:
    error = task.exception()
    assert isinstance(error, HTTPException)
    return error.status_code, error.detail


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
        assert refusal_of(tasks[0]) == BUSY
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
        assert refusal_of(task) == BUSY
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
        assert refusal_of(refused) == BUSY
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
        assert refusal_of(dropped) == BUSY
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
        assert refusal_of(next_one) == BUSY

    asyncio.run(main())


@pytest.mark.parametrize("content_length", ["101", "9" * 5000, ""])
def test_a_body_has_a_limit_of_its_own(content_length: str) -> None:
    """More than the limit is refused, announced or not."""

    async def main() -> None:
        bodies, sender = Bodies(1000), Sender(content_length)
        task = asyncio.create_task(received(bodies, sender))
        sender.parts.put_nowait(b"a" * 101)
        await asyncio.wait([task])
        assert refusal_of(task) == (413, "more than 0 KiB")
        assert bodies._room == 1000

    asyncio.run(main())


@pytest.mark.parametrize(
    ("headers", "small"),
    [
        ({"content-length": "1048576"}, True),
        ({"content-length": "1048577"}, False),
        ({"content-length": "0"}, True),
        ({"content-length": "-1"}, False),
        ({"content-length": "1e3"}, False),
        ({"content-length": "1", "transfer-encoding": "chunked"}, False),
        ({}, False),
    ],
)
def test_only_an_announced_size_is_small(headers: dict[str, str], small: bool) -> None:
    """A body of at most 1 MiB is small; one in chunks is not, as nobody knows its size."""
    sender = Sender()
    sender.headers = headers
    assert is_small(cast(Request, sender)) == small


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


@timeless
async def test_a_slow_body_is_refused() -> None:
    """A body that does not end within 10 seconds gets a 408, and leaves its room to others."""
    bodies, sender = Bodies(10), Sender()
    task = asyncio.create_task(received(bodies, sender))
    await sender.send(b"a" * 6)
    await asyncio.wait([task])
    assert refusal_of(task) == (408, "the body did not arrive within 10 s; try again")
    assert now() == 10
    assert bodies._room == 10


def test_a_body_that_breaks_off_leaves_its_room() -> None:
    """A client that goes away within the body needs no answer, and takes no room."""

    class Leaver(Sender):
        async def stream(self) -> AsyncIterator[bytes]:
            yield b"a" * 6
            raise ClientDisconnect

    async def main() -> None:
        bodies = Bodies(10)
        task = asyncio.create_task(received(bodies, Leaver()))
        await asyncio.wait([task])
        assert refusal_of(task) == (400, "the connection was closed within the body")
        assert bodies._room == 10

    asyncio.run(main())


@pytest.mark.parametrize(
    ("largest", "said"), [(1 << 10, "1 KiB"), (1023 << 10, "1023 KiB"), (1 << 20, "1 MiB")]
)
def test_a_limit_is_said_in_its_unit(largest: int, said: str) -> None:
    """Whoever sends too much reads how much would not have been."""

    async def main() -> None:
        bodies, sender = Bodies(largest), Sender(str(largest + 1))
        with pytest.raises(HTTPException) as caught:
            async with bodies.received(cast(Request, sender), largest, bytes):
                pass
        assert (caught.value.status_code, caught.value.detail) == (413, f"more than {said}")

    asyncio.run(main())


def test_a_body_may_be_as_large_as_its_limit() -> None:
    """The limit itself is allowed, and the room may be filled to its last byte."""

    async def main() -> None:
        bodies, sender = Bodies(100), Sender("100")
        task = asyncio.create_task(received(bodies, sender))
        await sender.send(b"a" * 60)
        await sender.send(b"b" * 40)
        sender.end()
        assert await task == b"a" * 60 + b"b" * 40

    asyncio.run(main())


def test_a_picture_that_cannot_be_taken_out_leaves_its_room() -> None:
    """A body of the wrong form is forgotten as soon as that is found."""

    async def main() -> None:
        bodies, sender = Bodies(100), Sender()
        sender.parts.put_nowait(b"a body")
        sender.end()

        def fail(_: bytes) -> bytes:
            raise PictureError

        with pytest.raises(PictureError):
            async with bodies.received(cast(Request, sender), 100, fail):
                pass
        assert bodies._room == 100

    asyncio.run(main())
