"""How long a connection may wait, and what a server that ends waits for."""

import asyncio

import pytest

from tests.app.web.clock import now, timeless
from tests.app.web.exchange import (
    GET,
    HALF_HEADER,
    HEALTHY,
    clients_of,
    is_closing,
    settle,
)
from tests.app.web.serving import (
    EMPTY,
    application,
    head,
    held,
    recognise_much,
)


@pytest.mark.parametrize(
    ("start", "seconds", "drips"),
    [
        (b"", 10, False),
        (HALF_HEADER, 10, True),
        (GET, 5, False),
        (GET + HALF_HEADER, 10, True),
        (head("/health", 9, method="GET"), 11, True),
        (2 * (head("/read", 1) + b"a"), 60, False),
    ],
)
@timeless
async def test_a_connection_that_waits_too_long_is_closed(
    start: bytes, seconds: int, drips: bool
) -> None:
    """Silent, half-sent and unread requests end, also after an answer, and however they drip."""
    async with clients_of(application(recognise_much)) as connect:
        client = await connect()
        client.send(start)
        if b"GET" in start:
            assert await client.answer() == HEALTHY

        async def drip() -> None:
            while drips:
                await asyncio.sleep(2)
                client.send(b"a")

        dripping = asyncio.create_task(drip())
        while not client.connection.transport.is_closing():
            await asyncio.sleep(0.25)
        dripping.cancel()
        assert now() == pytest.approx(seconds, abs=0.3)


@timeless
async def test_a_body_that_waits_too_long_is_answered() -> None:
    """A body that stays incomplete gets a 408 before its connection ends."""
    async with clients_of(application()) as connect:
        client = await connect()
        client.send(head("/read", 9) + b"half")
        error = "the body did not arrive within 10 s; try again"
        assert await client.answer() == (408, {"error": error})
        assert now() == 10


@timeless
async def test_a_server_that_ends_waits_for_a_body_and_for_work() -> None:
    """Told to end, it closes silent connections, gives a body 2 seconds, and answers the rest."""
    app, go_on = held(EMPTY)
    async with clients_of(app) as connect:
        silent, idle, half, at_work = [await connect() for _ in range(4)]
        idle.send(GET)
        assert await idle.answer() == HEALTHY
        half.send(head("/read", 9) + b"half")
        at_work.send(head("/read", 1) + b"a")
        await settle()
        clients = (silent, idle, half, at_work)
        for client in clients:
            client.connection.shutdown()
        assert [is_closing(client) for client in clients] == [True, True, False, False]
        start = now()
        assert await half.part() == b""
        assert now() == start + 2
        await asyncio.sleep(5)
        go_on.set()
        assert await at_work.answer() == (200, EMPTY)
        assert await at_work.part() == b""
