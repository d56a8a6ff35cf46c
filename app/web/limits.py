"""What the requests may take of the server together: its memory and its recognition.

A request takes memory while its body arrives, and a turn of the recognition only after that.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

BODY_TIME = 10.0  # seconds in which a body must arrive
QUEUE_TIME = 10.0  # seconds for which a request waits for its turn
MAX_BODIES = 64 << 20  # bytes of all bodies in memory
MAX_WAITING = 200  # requests that wait for their turn
BUSY = "the server is busy with other pictures; try again"


class Bodies:
    """The bodies of requests, in bounded memory.

    If a new part finds no room, the body that has been arriving for longest is dropped, so that
    slow senders cannot keep others out.
    """

    def __init__(self, max_bytes: int = MAX_BODIES) -> None:
        self._room = max_bytes
        self._arriving: dict[asyncio.Timeout, bytearray] = {}  # the oldest first

    @asynccontextmanager
    async def received(self, request: Request, max_bytes: int) -> AsyncIterator[bytes]:
        """Give the body of a request; it takes its room until the block ends."""
        size = request.headers.get("content-length", "")
        if size.isdecimal() and int(size) > max_bytes:
            raise _too_large(max_bytes)
        content = await self._receive(request, max_bytes)
        try:
            yield content
        finally:
            self._room += len(content)

    async def _receive(self, request: Request, max_bytes: int) -> bytes:
        content = bytearray()
        limit = asyncio.timeout(BODY_TIME)
        try:
            async with limit:
                self._arriving[limit] = content
                async for chunk in request.stream():
                    self._make_room(limit, len(chunk))
                    content += chunk
                    if len(content) > max_bytes:
                        raise _too_large(max_bytes)
            self._make_room(limit, 0)  # it may have been dropped after its last part came
            del self._arriving[limit]
            return bytes(content)
        except TimeoutError:
            if limit not in self._arriving:
                raise HTTPException(503, BUSY) from None
            raise HTTPException(
                408, f"the body did not arrive within {BODY_TIME:.0f} s; try again"
            ) from None
        except ClientDisconnect:
            raise HTTPException(400, "the connection was closed within the body") from None
        finally:
            if limit in self._arriving:
                self._drop(limit)

    def _make_room(self, own: asyncio.Timeout, size: int) -> None:
        """Take room for a part of a body, from others if there is not enough."""
        if own not in self._arriving:
            raise TimeoutError
        while self._room < size:
            others = (other for other in self._arriving if other is not own)
            oldest = next(others, None)
            if oldest is None:
                raise HTTPException(503, BUSY)
            self._drop(oldest)
            if not oldest.expired():
                oldest.reschedule(0)  # wakes its task
        self._room -= size

    def _drop(self, limit: asyncio.Timeout) -> None:
        self._room += len(self._arriving.pop(limit))


class Queue:
    """The requests whose bodies have arrived; a few at a time have their turn."""

    def __init__(self, turns: int) -> None:
        self._turns = asyncio.Semaphore(turns)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and keep it for the block, or raise a 503."""
        if self._waiting >= MAX_WAITING:
            raise HTTPException(503, BUSY)
        self._waiting += 1
        try:
            async with asyncio.timeout(QUEUE_TIME):
                await self._turns.acquire()
        except TimeoutError:
            raise HTTPException(503, BUSY) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()


def _too_large(max_bytes: int) -> HTTPException:
    size = f"{max_bytes >> 20} MiB" if max_bytes >> 20 else f"{max_bytes >> 10} KiB"
    return HTTPException(413, f"more than {size}")
