"""Which connection gives way when there are too many."""

import asyncio
import socket

import pytest

from app.web import connections
from app.web.connections import Connection
from tests.app.web.clock import timeless
from tests.app.web.exchange import (
    GET,
    HALF_HEADER,
    HEALTHY,
    Client,
    clients_of,
    is_closing,
    settle,
    until,
)
from tests.app.web.serving import (
    EMPTY,
    answer_on,
    application,
    connect,
    head,
    held,
    recognise_much,
    serving,
)


@pytest.mark.parametrize("limit", ["MAX_PER_ADDRESS", "MAX_CONNECTIONS"])
@pytest.mark.parametrize("start", [b"", HALF_HEADER, head("/read", 9) + b"half", GET])
@timeless
async def test_a_new_connection_replaces_the_one_that_waits_for_longest(
    limit: str, start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of silent, half-sent and answered requests only the oldest ends when one too many comes."""
    monkeypatch.setattr(connections, limit, 3)
    slow: list[Client] = []
    async with clients_of(application()) as connect:
        if limit == "MAX_PER_ADDRESS":  # an older one of another address does not count
            other = await connect(address="another")
            await settle()
        for number in range(3):
            address = str(number) if limit == "MAX_CONNECTIONS" else ""
            slow.append(await connect(address))
            slow[-1].send(start)
            if start == GET:
                assert await slow[-1].answer() == HEALTHY
            await settle()
        assert not any(map(is_closing, slow))
        honest = await connect()
        honest.send(GET)
        assert await honest.answer() == HEALTHY
        assert [is_closing(client) for client in slow] == [True, False, False]
        assert limit == "MAX_CONNECTIONS" or not is_closing(other)


@pytest.mark.parametrize("older_sends", [head("/read", 9), HALF_HEADER])
@timeless
async def test_a_part_of_a_request_does_not_renew_a_place(
    older_sends: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection stays the oldest although it has sent a part of a request in the meantime."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 2)
    async with clients_of(application()) as connect:
        older = await connect()
        await settle()
        newer = await connect()
        await settle()
        older.send(older_sends)
        await settle()
        await connect()
        assert (is_closing(older), is_closing(newer)) == (True, False)


@timeless
async def test_an_answer_renews_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection waits since its last answer: it is not the oldest because it came first."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 2)
    async with clients_of(application()) as connect:
        first = await connect()
        await settle()
        second = await connect()
        await settle()
        first.send(GET)
        assert await first.answer() == HEALTHY
        await connect()
        assert (is_closing(first), is_closing(second)) == (False, True)


@timeless
async def test_a_request_that_has_just_arrived_is_not_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two that wait, the older stays if it has sent what is not read yet; of three, it goes."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 2)
    async with clients_of(application()) as connect:
        older = await connect()
        await settle()
        newer = await connect()
        await settle()
        older.send(GET)
        third = await connect()
        assert (is_closing(older), is_closing(newer)) == (False, True)
        assert await older.answer() == HEALTHY
        await settle()
        older.send(GET)
        assert await older.answer() == HEALTHY  # so it waits since later than the third
        for client in (older, third):
            client.send(GET)
        await connect()
        assert (is_closing(older), is_closing(third)) == (False, True)


@timeless
async def test_a_request_at_work_keeps_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that has arrived is answered, although its connection is the oldest."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 2)
    app, go_on = held(EMPTY)
    async with clients_of(app) as connect:
        at_work = await connect()
        at_work.send(head("/read", 1) + b"a")
        await settle()
        silent = [await connect()]
        for _ in range(3):
            await settle()
            silent.append(await connect())
        assert [is_closing(client) for client in silent] == [True, True, True, False]
        go_on.set()
        assert await at_work.answer() == (200, EMPTY)


@timeless
async def test_without_a_connection_that_waits_the_new_one_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If every request has arrived, no connection is given up for a new one."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 1)
    app, go_on = held(EMPTY)
    async with clients_of(app) as connect:
        at_work = await connect()
        at_work.send(head("/read", 1) + b"a")
        await settle()
        assert is_closing(await connect())
        go_on.set()
        assert await at_work.answer() == (200, EMPTY)


@timeless
async def test_an_answer_that_nobody_reads_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes room for a new connection, also if more has arrived that the server cannot read."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 2)
    async with clients_of(application(recognise_much)) as connect:
        unread = await connect()
        unread.send(head("/read", 1) + b"a")
        await settle()
        for _ in range(3):  # the server answers one more, and stops reading at the next
            unread.send(GET)
            await settle()
        await connect()
        assert not is_closing(unread)
        await settle()
        honest = await connect()
        assert is_closing(unread)
        honest.send(GET)
        assert await honest.answer() == HEALTHY


@timeless
async def test_a_connection_that_closes_counts_until_its_answer_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer that is not read keeps no place beside those that count, also if it is the last."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 1)
    async with clients_of(application(recognise_much)) as connect:
        unread = await connect()
        unread.send(head("/read", 1, "Connection: close") + b"a")
        await until(lambda: is_closing(unread))
        honest = await connect()
        honest.send(GET)
        assert await honest.answer() == HEALTHY
        assert unread.connection not in honest.connection.connections


@timeless
async def test_a_connection_that_is_closed_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that the server has refused leaves its place to the next, and no other is closed."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 2)
    async with clients_of(application()) as connect:
        first, second = await connect(), await connect()
        second.send(b"nonsense\r\n\r\n")
        await until(lambda: is_closing(second))
        assert not is_closing(await connect())
        assert not is_closing(first)


def test_a_connection_over_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts by its address, and the end of an answer does not wait for its beginning."""
    taken: list[Connection] = []
    original = Connection.connection_made

    def record(self: Connection, transport: asyncio.Transport) -> None:
        original(self, transport)
        taken.append(self)

    monkeypatch.setattr(Connection, "connection_made", record)
    with serving(application()) as port, connect(port) as client:
        client.sendall(GET)
        assert answer_on(client) == HEALTHY
        own = taken[0].transport.get_extra_info("socket")
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert taken[0].address == "127.0.0.1"
