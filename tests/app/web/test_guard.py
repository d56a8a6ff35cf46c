import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.web.guard import RAW_HEADERS, Guard, host_name
from tests.app.web.serving import answer_on, application, connect, serving


def test_a_request_that_outlasts_the_server_is_answered() -> None:
    """A request that is given up because the server ends gets a 503, with the usual headers."""
    sent: list[Message] = []

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        raise asyncio.CancelledError

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    scope = {"type": "http", "method": "POST", "path": "/read", "headers": []}
    asyncio.run(Guard(app, [], access_log=False)(scope, receive, send))
    assert sent[0]["status"] == 503
    assert {*RAW_HEADERS} <= {*sent[0]["headers"]}
    assert b"the server is ending" in sent[1]["body"]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("digits.example.org", "digits.example.org"),
        ("Digits.example.org:8443", "digits.example.org"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("[::1]:8000", "::1"),
        ("", ""),
    ],
)
def test_a_host_has_a_name_without_its_port(host: str, name: str) -> None:
    """Names of hosts and IPv6 addresses are the same with and without a port."""
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("name", "status"), [("digits.example:8443", 200), ("digits.example", 200), ("b.example", 421)]
)
def test_serves_an_allowed_host_with_a_port(name: str, status: int) -> None:
    """An allowed host that was given with a port is served with and without it."""
    with serving(application(hosts=["Digits.example:8443"])) as port, connect(port) as connection:
        connection.sendall(
            f"POST /read HTTP/1.1\r\nHost: {name}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        assert answer_on(connection)[0] == status
