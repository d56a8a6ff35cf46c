"""Serve an application in this process, so that a test can look inside; raw requests to it."""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import Message

from app.web.connections import Connection
from app.web.guard import Guard
from app.web.server import Recognise, create_app
from app.web.teach import Teacher

EMPTY = {
    "digits": [],
    "text": "",
    "confidence": 0,
    "reason": "the sheet is blank",
    "width": 1,
    "height": 1,
}


async def recognise_nothing(_: bytes) -> dict[str, Any]:
    """Stand in for the recognition of a picture."""
    return EMPTY


async def draw_nothing(_: bytes) -> bytes:
    """Stand in for the drawing of a picture's steps."""
    return b""


async def explain_nothing(_: str, __: int) -> list[list[float]]:
    """Stand in for the explanation of a digit."""
    return [[0.0] * 28] * 28


def application(
    recognise: Recognise = recognise_nothing,
    hosts: list[str] | None = None,
    teacher: Teacher | None = None,
) -> Guard:
    """Return an application without a model."""
    return create_app(
        recognise, draw_nothing, explain_nothing, "none", hosts or [], teacher=teacher
    )


@contextmanager
def serving(app: Callable[..., Awaitable[None]]) -> Iterator[int]:
    """Serve an application on a free port of the loopback address, and give the port.

    The server ends some tenths of a second after the block, while the next test runs.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    # uvicorn would call the application itself to see whether it is a factory.
    config = uvicorn.Config(
        lambda: app,
        factory=True,
        http=Connection,
        ws="none",
        log_level="critical",
        server_header=False,
    )
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}).start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True


async def asked(
    app: Guard,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    client: str = "127.0.0.1",
) -> tuple[int, bytes]:
    """Return the status and the content of the answer to a request, sent without a network."""
    sent: list[Message] = []
    body_comes = True

    async def receive() -> Message:
        nonlocal body_comes
        if not body_comes:  # the client waits for its answer
            return await asyncio.Future[Message]()
        body_comes = False
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    headers = {"content-length": str(len(body))} | (headers or {})
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), text.encode("latin-1")) for name, text in headers.items()],
        "client": (client, 1) if client else None,
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message["body"] for message in sent[1:])


def ask(app: Guard, method: str, path: str, *request: Any, **options: Any) -> tuple[int, bytes]:
    """Do the same where no event loop runs."""
    return asyncio.run(asked(app, method, path, *request, **options))


def connect(port: int) -> socket.socket:
    """Connect to a port of the loopback address."""
    return socket.create_connection(("127.0.0.1", port), timeout=100)


def head(path: str, size: int, *lines: str, method: str = "POST") -> bytes:
    """Return the head of a request with a body of `size` bytes."""
    start = (f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {size}")
    return "\r\n".join((*start, *lines, "", "")).encode()


def answer_on(connection: socket.socket) -> tuple[int, Any]:
    """Return the status and the JSON of the next answer on a connection; 0 if it is closed."""
    received = b""
    while b"\r\n\r\n" not in received:
        try:
            part = connection.recv(1 << 16)
        except ConnectionError:
            part = b""
        if not part:
            return 0, None
        received += part
    start, _, content = received.partition(b"\r\n\r\n")
    size = int(start.lower().partition(b"content-length:")[2].split()[0])
    while len(content) < size:
        content += connection.recv(1 << 16)
    return int(start.split()[1]), json.loads(content)


def held(answer: dict[str, Any]) -> tuple[Any, asyncio.Event]:
    """Return an application that reads no picture until the event is set."""
    go_on = asyncio.Event()

    async def recognise(_: bytes) -> dict[str, Any]:
        await go_on.wait()
        return answer

    return application(recognise), go_on


async def recognise_much(_: bytes) -> dict[str, Any]:
    """Answer more than the system sends while nobody reads it."""
    return EMPTY | {"reason": "a" * (1 << 20)}
