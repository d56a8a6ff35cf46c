"""Requests that arrive in pieces, in chunks, together, or are none."""

import json
from typing import Any

import pytest

from app.web.guard import HEADERS
from tests.app.web.clock import timeless
from tests.app.web.exchange import GET, HALF_HEADER, HEALTHY, clients_of, is_closing, settle
from tests.app.web.serving import EMPTY, application, head


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
