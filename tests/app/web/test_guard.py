import asyncio
import os
import re
import sys
import time
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from app.web.guard import LOOPBACK, RAW_HEADERS, Guard, host_name, is_foreign

EMPTY: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/a",
    "headers": [],
    "client": ("192.0.2.1", 5000),
}


async def say_hello(_: Scope, __: Receive, send: Send) -> None:
    """Answer with a status and a header that the guard has not made."""
    await send({"type": "http.response.start", "status": 201, "headers": [(b"own", b"1")]})
    await send({"type": "http.response.body", "body": b"hello"})


def answered(app: Guard, **scope: Any) -> list[Message]:
    """Return the messages that an application sends for a request."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    asyncio.run(app(EMPTY | scope, receive, send))
    return sent


def status_for(hosts: list[str], path: str = "/a", method: str = "GET", **headers: str) -> int:
    """Return the status of the answer to a request with these headers."""
    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    sent = answered(Guard(say_hello, hosts, False), path=path, method=method, headers=raw)
    return int(sent[0]["status"])


def test_an_answer_is_passed_on_with_further_headers() -> None:
    """What the application says stays as it is, before the headers that each answer has."""
    start, body = answered(Guard(say_hello, [], access_log=False))
    assert start["status"] == 201
    assert start["headers"] == [(b"own", b"1"), *RAW_HEADERS]
    assert body == {"type": "http.response.body", "body": b"hello"}


def test_other_messages_than_requests_are_passed_on() -> None:
    """A server starts and ends the application through it."""
    scopes: list[Any] = []

    async def app(*scope: Any) -> None:
        scopes.append(scope)

    parts = ({"type": "lifespan"}, object(), object())
    asyncio.run(Guard(app, ["a"], access_log=True)(*parts))  # type: ignore[arg-type]
    assert scopes == [parts]


async def be_cancelled(_: Scope, __: Receive, ___: Send) -> None:
    raise asyncio.CancelledError


async def be_cancelled_late(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200})
    raise asyncio.CancelledError


def test_a_request_that_outlasts_the_server_is_answered() -> None:
    """A request that is given up because the server ends gets a 503, with the usual headers."""
    start, body = answered(Guard(be_cancelled, [], access_log=False))
    assert start["status"] == 503
    assert {*RAW_HEADERS} <= {*start["headers"]}
    assert body["body"] == b'{"error":"the server is ending; try again"}'


def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    """Nothing can be said any more when the answer was on its way."""
    assert answered(Guard(be_cancelled_late, [], access_log=False)) == [
        {"type": "http.response.start", "status": 200, "headers": RAW_HEADERS}
    ]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("digits.example.org", "digits.example.org"),
        ("Digits.example.org:8443", "digits.example.org"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("[::1]:8000", "::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("a.example:", "a.example"),
        ("a.example:80x", "a.example:80x"),
        ("", ""),
    ],
)
def test_a_host_has_a_name_without_its_port(host: str, name: str) -> None:
    """Names of hosts and IPv6 addresses are the same with and without a port."""
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("digits.example:8443", 201),
        ("digits.example", 201),
        ("DIGITS.example:1", 201),
        ("b.example", 201),
        ("c.example", 421),
        ("digits.example.c.example", 421),
        ("a{b.example", 421),
        ("", 421),
    ],
)
def test_only_allowed_hosts_are_served(name: str, status: int) -> None:
    """A host that was given with a port is served with and without it, whatever is asked."""
    hosts = ["Digits.example:8443", "b.example"]
    assert status_for(hosts, host=name) == status
    assert status_for(hosts, method="POST", host=name) == status
    assert status_for(hosts, "/health", host=name) == 201
    assert status_for([], host=name) == 201


def test_a_refused_host_is_told_which_are_served() -> None:
    """The line names the hosts that were allowed."""
    _, body = answered(Guard(say_hello, [*LOOPBACK, "A.example:1"], access_log=False))
    hosts = "127.0.0.1, localhost, ::1, a.example"
    assert body["body"].decode() == f'{{"error":"unknown host, expected one of {hosts}"}}'


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"origin": "http://a.example:8000"}, False),
        ({"origin": "https://A.example:8000"}, False),
        ({"origin": "http://a.example"}, True),
        ({"origin": "http://b.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": "http://[a"}, True),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://a.example:8000"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://b.example"}, True),
    ],
)
def test_a_page_of_another_site_is_foreign(headers: dict[str, str], foreign: bool) -> None:
    """Its browser says so; what it reads may come from anywhere, what it sends may not."""
    assert is_foreign(Headers(headers), "A.example:8000") == foreign
    raw = {name.replace("-", "_"): text for name, text in headers.items()}
    for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
        refused = foreign and method not in ("GET", "HEAD")
        found = status_for([], method=method, host="A.example:8000", **raw)
        assert found == (403 if refused else 201)


def test_without_a_host_no_origin_is_the_own_one() -> None:
    """A page whose address nobody can read is another site's."""
    assert is_foreign(Headers({"origin": "http://a.example"}), "")


def test_a_foreign_page_is_told_what_is_wrong() -> None:
    """The answer is one line of JSON."""
    headers = [(b"origin", b"http://b.example"), (b"host", b"a.example")]
    sent = answered(Guard(say_hello, [], access_log=False), method="POST", headers=headers)
    assert sent[1]["body"] == b'{"error":"a page of another site may not use this server"}'


@pytest.mark.parametrize(
    ("app", "scope", "line"),
    [
        (say_hello, {}, "192.0.2.1 GET /a 201 10250 ms"),
        (say_hello, {"client": None, "path": "/\nä/ b"}, "- GET /%0A%C3%A4/%20b 201 10250 ms"),
        (say_hello, {"path": "/" + "a" * 300}, f"192.0.2.1 GET /{'a' * 199} 201 10250 ms"),
        (say_hello, {"method": "GET\n"}, "192.0.2.1 GET%0A /a 201 10250 ms"),
        (be_cancelled, {"method": "POST"}, "192.0.2.1 POST /a 503 10250 ms"),
    ],
)
def test_each_request_is_a_line_of_the_log(
    app: Any, scope: Any, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can write a line of their own into the log, or a long one."""
    monkeypatch.setattr(time, "perf_counter", iter([7.0, 17.25]).__next__)
    reading, writing = os.pipe()
    with open(writing, "w") as stdout:  # noqa: PTH123 - no path
        monkeypatch.setattr(sys, "stdout", stdout)
        answered(Guard(app, [], access_log=True), **scope)
        logged = os.read(reading, 1000).decode()  # also if nothing follows for hours
    os.close(reading)
    matched = re.fullmatch(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (.+)\n", logged)
    assert matched
    assert matched[2] == line
    time.strptime(matched[1], "%Y-%m-%d %H:%M:%S")


def test_a_client_that_went_away_has_no_status_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A request without an answer is logged too, also one that failed."""

    async def fail(_: Scope, __: Receive, ___: Send) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        answered(Guard(fail, [], access_log=True))
    assert " 192.0.2.1 GET /a - " in capsys.readouterr().out


def test_nothing_is_logged_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    """The server is silent without --access-log."""
    answered(Guard(say_hello, [], access_log=False))
    assert capsys.readouterr().out == ""


def test_a_log_that_nobody_reads_any_more_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server goes on if the program that read its log has ended."""
    reading, writing = os.pipe()
    os.close(reading)
    stdout = open(writing, "w")  # noqa: PTH123, SIM115 - no path, and its end fails
    monkeypatch.setattr(sys, "stdout", stdout)
    assert answered(Guard(say_hello, [], access_log=True))[0]["status"] == 201
    with pytest.raises(BrokenPipeError):
        stdout.close()
