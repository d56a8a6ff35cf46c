"""What the bodies of all requests may take of the server together: its memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from app.web.turns import BUSY, served_request

BODY_TIME = 10.0  # seconds in which a body must arrive
SMALL = 1 << 20  # bytes; a drawing has a few thousand
# Bytes of all bodies in memory. The small ones have room of their own: a few large pictures that
# wait for their turn do not keep drawings out.
SMALL_ROOM, LARGE_ROOM = 16 << 20, 48 << 20


Taken = TypeVar("Taken")


class Bodies:
    """The bodies of requests, in bounded memory.

    If a new part finds no room, the body that has been arriving for longest is dropped, so that
    slow senders cannot keep others out.
    """

    def __init__(self, max_bytes: int) -> None:
        self._room = max_bytes
        self._arriving: dict[asyncio.Timeout, bytearray] = {}  # the oldest first

    @asynccontextmanager
    async def received(
        self, request: Request, max_bytes: int, take: Callable[[bytes], Taken]
    ) -> AsyncIterator[Taken]:
        """Give what `take` takes out of a request's body, which itself is not kept.

        The body's room is free again when the block ends.
        """
        if _size(request) > max_bytes:
            raise _too_large(max_bytes)
        content = await self._receive(request, max_bytes)
        served_request.set(request)
        size = len(content)
        try:
            taken = take(content)
            del content
            yield taken
        finally:
            self._room += size

    async def _receive(self, request: Request, max_bytes: int) -> bytes:
        content = bytearray()
        deadline = asyncio.timeout(BODY_TIME)
        try:
            async with deadline:
                self._arriving[deadline] = content
                async for chunk in request.stream():
                    self._make_room(deadline, len(chunk))
                    content += chunk
                    if len(content) > max_bytes:
                        raise _too_large(max_bytes)
            self._make_room(deadline, 0)  # it may have been dropped after its last part came
            del self._arriving[deadline]
            return bytes(content)
        except TimeoutError:
            if deadline not in self._arriving:
                raise HTTPException(503, BUSY) from None
            raise HTTPException(
                408, f"the body did not arrive within {BODY_TIME:.0f} s; try again"
            ) from None
        except ClientDisconnect:
            raise HTTPException(400, "the connection was closed within the body") from None
        finally:
            if deadline in self._arriving:
                self._drop(deadline)

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

    def _drop(self, deadline: asyncio.Timeout) -> None:
        self._room += len(self._arriving.pop(deadline))


def is_small(request: Request) -> bool:
    """Return whether the body of a request can only be small."""
    # In chunks it has any size, whatever else the header says.
    return "transfer-encoding" not in request.headers and 0 <= _size(request) <= SMALL


def _size(request: Request) -> float:
    """Return the size that the header announces, or -1 if it announces none."""
    size = request.headers.get("content-length", "")
    return float(size) if size.isdecimal() else -1  # int() takes no more than 4300 digits


def _too_large(max_bytes: int) -> HTTPException:
    size = f"{max_bytes >> 20} MiB" if max_bytes >> 20 else f"{max_bytes >> 10} KiB"
    return HTTPException(413, f"more than {size}")
