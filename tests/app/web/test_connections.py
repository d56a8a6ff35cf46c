import asyncio
import json
import socket
from typing import Any

import pytest

from app.web import connections
from app.web.connections import Connection
from app.web.guard import HEADERS
from tests.app.web.clock import now, timeless
from tests.app.web.exchange import Client, clients_of, until
from tests.app.web.serving import EMPTY, answer_on, application, connect, head, serving

GET = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
HEALTHY = (200, {"status": "ok"})
HALF_HEADER = b"POST /read HTTP/1.1\r\nHost: a\r\nX-Slow: "


def is_closing(client: Client) -> bool:
    return client.connection.transport.is_closing()


async def settle() -> None:
    """Let the server look at all that has been sent."""
    await asyncio.sleep(1)


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


def held(answer: dict[str, Any]) -> tuple[Any, asyncio.Event]:
    """Return an application that reads no picture until the event is set."""
    go_on = asyncio.Event()

    async def recognise(_: bytes) -> dict[str, Any]:
        await go_on.wait()
        return answer

    return application(recognise), go_on


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


async def recognise_much(_: bytes) -> dict[str, Any]:
    """Answer more than the system sends while nobody reads it."""
    return EMPTY | {"reason": "a" * (1 << 20)}


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


@pytest.mark.parametrize(
    "start",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\0\1\0\1\xfc\r\n\r\n",
        HALF_HEADER + bytes(1 << 14) + b"\r\n\r\n",
    ],
)
@timeless
async def test_what_is_not_http_gets_an_error_as_json(start: bytes) -> None:
    """Nonsense, no host, the beginning of TLS and a long header are answered as JSON."""
    error = "not an HTTP request, expected HTTP/1.1 with a header of at most 16 KiB"
    content = json.dumps({"error": error})
    async with clients_of(application()) as connect:
        client = await connect()
        client.send(start)
        lines, _, body = (await client.rest()).decode().partition("\r\n\r\n")
    assert body == content
    assert lines.split("\r\n") == [
        "HTTP/1.1 400 Bad Request",
        "content-type: application/json",
        f"content-length: {len(content)}",
        "connection: close",
        *(f"{name.lower()}: {value}" for name, value in HEADERS.items()),
    ]


def chunks(size: int, count: int) -> bytes:
    return b"%x\r\n%s\r\n" % (size, b"a" * size) * count


CHUNKED = b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("size", "count", "is_taken"),
    # Around a chunk of one byte stand 5 others, and around one of 200 bytes 6. In all there may be
    # 4096, and 1/64 of the body: 5 n <= 4096 + n / 64, and 6 n <= 4096 + 200 n / 64.
    [(1, 821, True), (1, 822, False), (200, 1420, True), (200, 1430, False), (1000, 400, True)],
)
@timeless
async def test_a_body_in_many_small_chunks_is_refused(
    size: int, count: int, is_taken: bool
) -> None:
    """A few small chunks or many large ones are taken; many small ones would hold up all others."""
    received = list[int]()

    async def recognise(content: bytes) -> dict[str, Any]:
        received.append(len(content))
        return EMPTY

    error = "the chunks of the body are too small, expected 1 kB or more in each"
    async with clients_of(application(recognise)) as connect:
        client = await connect()
        client.send(CHUNKED)
        await settle()
        client.send(chunks(size, count))
        await settle()
        assert is_closing(client) == (not is_taken)
        client.send(b"0\r\n\r\n")
        assert await client.answer() == ((200, EMPTY) if is_taken else (400, {"error": error}))
    assert received == ([size * count] if is_taken else [])


@timeless
async def test_small_chunks_are_refused_before_all_are_taken_apart() -> None:
    """A body is refused also if its end has come by then."""
    async with clients_of(application()) as connect:
        client = await connect()
        client.send(CHUNKED)
        await settle()
        client.send(chunks(1, 3000) + b"0\r\n\r\n")
        assert (await client.answer())[0] == 400


@timeless
async def test_each_body_in_chunks_is_counted_for_itself() -> None:
    """Many bodies of small chunks may follow each other on one connection, and large ones too."""
    async with clients_of(application()) as connect:
        client = await connect()
        for _ in range(3):
            client.send(CHUNKED)
            await settle()
            client.send(chunks(1, 500) + b"0\r\n\r\n" + head("/read", 1 << 16) + bytes(1 << 16))
            assert [await client.answer() for _ in range(2)] == [(200, EMPTY)] * 2


@timeless
async def test_nonsense_after_an_answer_closes_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A body that breaks off in nonsense after its answer causes no error in the log."""
    async with clients_of(application()) as connect:
        client = await connect()
        client.send(b"GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert await client.answer() == HEALTHY
        client.send(b"nonsense\r\n")
        assert await client.part() == b""
    assert not [record for record in caplog.records if record.exc_info]


def lines(count: int) -> bytes:
    """Return a request with so many lines after its first."""
    return b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"A:\r\n" * (count - 2) + b"A:\r\n\r\n"


@timeless
async def test_a_header_of_many_lines_is_refused() -> None:
    """The parser need not take thousands of lines apart; 200 of each request are not too many."""
    async with clients_of(application()) as connect:
        client = await connect()
        for _ in range(2):
            client.send(head("/read", 999) + b"\n" * 999)
            assert await client.answer() == (200, EMPTY)
            client.send(lines(200))
            assert await client.answer() == HEALTHY
        whole = lines(201)
        for part in (whole[:99], whole[99:500], whole[500:]):
            client.send(part)
            await settle()
        assert await client.answer() == (400, {"error": "more than 200 lines in the header"})
        assert await client.part() == b""


@timeless
async def test_requests_on_their_way_together_are_answered_in_their_order() -> None:
    """A client need not wait for one answer before it sends the next request."""
    async with clients_of(application()) as connect:
        client = await connect()
        client.send(2 * (GET + head("/read", 3) + b"abc"))
        answers = [await client.answer() for _ in range(4)]
    assert answers == [HEALTHY, (200, EMPTY)] * 2


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
