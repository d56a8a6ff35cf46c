import asyncio
import socket
import time
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from app.web import connections, limits
from app.web.connections import BODY, HEADER, WORK, Connection
from tests.app.web.serving import EMPTY, answer_on, application, connect, head, serving

pytestmark = pytest.mark.slow

GET = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
HALF_HEADER = b"POST /read HTTP/1.1\r\nHost: a\r\nX-Slow: "


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """Give the list of connections that the server has taken."""
    taken: list[Connection] = []
    original = Connection.connection_made

    def record(self: Connection, transport: asyncio.Transport) -> None:
        original(self, transport)
        taken.append(self)

    monkeypatch.setattr(Connection, "connection_made", record)
    return taken


def wait_for(condition: Any) -> None:
    """Wait until a condition holds; the test's own time limit ends it otherwise."""
    while not condition():
        time.sleep(0.002)


def is_closed(connection: socket.socket) -> bool:
    """Wait until the server sends something or closes, and return whether it closes."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("limit", ["MAX_PER_ADDRESS", "MAX_CONNECTIONS"])
@pytest.mark.parametrize("start", [b"", HALF_HEADER, head("/read", 9) + b"half", GET])
def test_a_new_connection_replaces_the_one_that_waits_for_longest(
    limit: str, start: bytes, made: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of silent, half-sent and answered requests only the oldest ends when one too many comes."""
    monkeypatch.setattr(connections, limit, 3)
    with serving(application()) as port, ExitStack() as stack:
        slow = [stack.enter_context(connect(port)) for _ in range(3)]
        for number, connection in enumerate(slow):
            connection.sendall(start)
            wait_for(lambda number=number: len(made) > number)
            if start == GET:
                assert answer_on(connection)[0] == 200
        stage = BODY if b"half" in start else HEADER
        wait_for(lambda: all(not c.has_unread_data() and c._stage == stage for c in made))
        honest = stack.enter_context(connect(port))
        honest.sendall(GET)
        assert answer_on(honest) == (200, {"status": "ok"})
        assert is_closed(slow[0])
        assert [connection.transport.is_closing() for connection in made[1:3]] == [False, False]


def test_a_part_of_a_request_does_not_renew_a_place(
    made: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection stays the oldest although it has sent its header in the meantime."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 2)
    with serving(application()) as port, ExitStack() as stack:
        older, _ = (stack.enter_context(connect(port)) for _ in range(2))
        wait_for(lambda: len(made) == 2)
        older.sendall(head("/read", 9))
        wait_for(lambda: made[0]._stage == BODY)
        stack.enter_context(connect(port))
        assert is_closed(older)


def test_a_request_that_has_just_arrived_is_not_given_up(
    made: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two connections that wait, the older one stays if it has sent what is not read yet."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 2)
    monkeypatch.setattr(Connection, "has_unread_data", lambda self: self is made[0])
    with serving(application()) as port, ExitStack() as stack:
        older, newer = (stack.enter_context(connect(port)) for _ in range(2))
        wait_for(lambda: len(made) == 2)
        stack.enter_context(connect(port))
        assert is_closed(newer)
        older.sendall(GET)
        assert answer_on(older)[0] == 200


def test_a_request_at_work_keeps_its_connection(
    made: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request whose body has arrived is answered, although its connection is the oldest."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 2)
    go_on = asyncio.Event()

    async def recognise(_: bytes) -> dict[str, Any]:
        await go_on.wait()
        return EMPTY

    with serving(application(recognise)) as port, ExitStack() as stack:
        at_work = stack.enter_context(connect(port))
        at_work.sendall(head("/read", 1) + b"a")
        wait_for(lambda: made and not made[0].waits)
        silent = [stack.enter_context(connect(port)) for _ in range(4)]
        assert all(is_closed(connection) for connection in silent[:3])
        made[0].loop.call_soon_threadsafe(go_on.set)
        assert answer_on(at_work) == (200, EMPTY)


def test_without_a_connection_that_waits_the_new_one_is_closed(
    made: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If every request has arrived, no connection is given up for a new one."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 1)
    go_on = asyncio.Event()

    async def recognise(_: bytes) -> dict[str, Any]:
        await go_on.wait()
        return EMPTY

    with serving(application(recognise)) as port, connect(port) as at_work:
        at_work.sendall(head("/read", 1) + b"a")
        wait_for(lambda: made and not made[0].waits)
        with connect(port) as new:
            assert is_closed(new)
        made[0].loop.call_soon_threadsafe(go_on.set)
        assert answer_on(at_work) == (200, EMPTY)


async def recognise_much(_: bytes) -> dict[str, Any]:
    """Answer more than the system sends while nobody reads it."""
    return EMPTY | {"reason": "a" * (16 << 20)}


def test_an_answer_that_nobody_reads_gives_way(
    made: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two requests at once whose answers are not read have a time limit, and make room before."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 1)
    with serving(application(recognise_much)) as port, connect(port) as unread:
        unread.sendall(2 * (head("/read", 1) + b"a"))
        wait_for(lambda: made and made[0].flow.write_paused and made[0]._stage == WORK)
        timer = made[0]._timer
        assert timer
        assert timer.when() <= made[0].loop.time() + 60
        with connect(port) as honest:
            honest.sendall(GET)
            assert answer_on(honest)[0] == 200
        wait_for(lambda: made[0] not in made[0].connections)


def test_a_connection_that_closes_counts_until_its_answer_is_sent(
    made: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is not read keeps no place beside those that count, also if it is the last."""
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 1)
    with serving(application(recognise_much)) as port, connect(port) as unread:
        unread.sendall(head("/read", 1, "Connection: close") + b"a")
        wait_for(lambda: made and made[0].transport.is_closing())
        with connect(port) as honest:
            honest.sendall(GET)
            assert answer_on(honest)[0] == 200
            assert made[0] not in made[1].connections


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", [b"", HALF_HEADER, head("/health", 10_000, method="GET"), GET, GET + HALF_HEADER]
)
def test_a_connection_that_waits_too_long_is_closed(
    start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silent and half-sent requests end, also after an answer, and however they drip."""
    times = {HEADER: 100.0 if start.startswith(GET) else 0.2, BODY: 1.0, WORK: 100.0}
    on_response_complete = Connection.on_response_complete

    def answered(self: Connection) -> None:
        times[HEADER] = 0.2
        on_response_complete(self)

    monkeypatch.setattr(Connection, "on_response_complete", answered)
    monkeypatch.setattr(connections, "TIME", times)
    with serving(application()) as port, connect(port) as connection:
        connection.sendall(start)
        if start.startswith(b"GET"):
            assert answer_on(connection)[0] == 200
        connection.settimeout(0.02)
        while True:
            try:
                if is_closed(connection):
                    break
            except TimeoutError:
                if start not in (b"", GET):
                    connection.sendall(b"a")


def test_a_body_that_waits_too_long_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that stays incomplete gets a 408; its connection may end without another word."""
    monkeypatch.setattr(limits, "BODY_TIME", 0.1)
    with serving(application()) as port, connect(port) as connection:
        connection.sendall(head("/read", 9) + b"half")
        status, answer = answer_on(connection)
    assert status == 408
    assert answer["error"].startswith("the body did not arrive")


def test_answers_are_sent_at_once(made: list[Connection]) -> None:
    """The system does not hold back the end of an answer until its beginning has arrived."""
    with serving(application()) as port, connect(port):
        wait_for(lambda: made)
        connection = made[0].transport.get_extra_info("socket")
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    "start",
    [b"hello", b"GET / HTTP/1.1", b"\x16\x03\x01\x02\0\1\0\1\xfc", HALF_HEADER + bytes(1 << 15)],
)
def test_what_is_not_http_gets_an_error_as_json(start: bytes) -> None:
    """Nonsense, no host, the beginning of TLS and a long header are answered as JSON."""
    with serving(application()) as port, connect(port) as connection:
        connection.sendall(start + b"\r\n\r\n")
        status, answer = answer_on(connection)
    assert status == 400
    assert answer["error"].startswith("not an HTTP request, expected HTTP/1.1")


def chunked(size: int, count: int) -> bytes:
    """Return a request whose body comes in chunks."""
    chunk = b"%x\r\n%s\r\n" % (size, b"a" * size)
    start = b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    return start + chunk * count + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("size", "count", "status"), [(1, 100, 200), (1000, 1000, 200), (1, 10_000, 400)]
)
def test_a_body_in_many_small_chunks_is_refused(size: int, count: int, status: int) -> None:
    """A few small chunks or many large ones are taken; many small ones would hold up all others."""
    received = []

    async def recognise(content: bytes) -> dict[str, Any]:
        received.append(len(content))
        return EMPTY

    with serving(application(recognise)) as port, connect(port) as connection:
        with suppress(ConnectionError):  # the server may close before all is sent
            connection.sendall(chunked(size, count))
        assert answer_on(connection)[0] == status
    assert received == ([size * count] if status == 200 else [])


def test_nonsense_after_an_answer_closes_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A body that breaks off in nonsense after its answer causes no error in the log."""
    chunked = b"GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(application()) as port, connect(port) as connection:
        connection.sendall(chunked)
        assert answer_on(connection)[0] == 200
        connection.sendall(b"nonsense\r\n")
        assert is_closed(connection)
    assert not [record for record in caplog.records if record.exc_info]


def test_a_header_of_many_lines_is_refused() -> None:
    """The parser need not take thousands of lines apart."""
    with serving(application()) as port, connect(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"A:\r\n" * 3000)
        assert answer_on(connection) == (400, {"error": "more than 200 lines in the header"})
