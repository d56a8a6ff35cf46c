"""Turns of the recognition. A request waits for one when all of it has arrived."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.web.addresses import network

QUEUE_TIME = 10.0  # seconds for which a request waits for its turn
MAX_WAITING_PER_ADDRESS = 64  # of one address; the rest is for others
BUSY = "the server is busy with other pictures; try again"
# What recognises pictures need not know of requests: a turn finds the one that it is for here.
served_request: ContextVar[Request | None] = ContextVar("served_request", default=None)


class Turns:
    """The requests whose bodies have arrived; a few at a time have their turn."""

    def __init__(self, turns: int, max_waiting: int) -> None:
        self._turns = asyncio.Semaphore(turns)
        self._max_waiting = max_waiting
        self._waiting = Counter[Any]()  # by address

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and keep it for the block, or raise a 503.

        A client that has gone meanwhile gets no turn.
        """
        request = served_request.get()
        address = network(request.client.host if request and request.client else "")
        if (
            self._waiting.total() >= self._max_waiting
            or self._waiting[address] >= MAX_WAITING_PER_ADDRESS
        ):
            raise HTTPException(503, BUSY)
        self._waiting[address] += 1
        try:
            async with asyncio.timeout(QUEUE_TIME):
                await self._turns.acquire()
        except TimeoutError:
            raise HTTPException(503, BUSY) from None
        finally:
            self._waiting -= Counter([address])  # which forgets who waits no longer
        try:
            if request and await request.is_disconnected():
                raise HTTPException(400, "the connection was closed before its turn")
            yield
        finally:
            self._turns.release()
