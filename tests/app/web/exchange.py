"""Connections of a server and of its clients in the event loop of a test."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from app.web.connections import Connection

GET = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
HEALTHY = (200, {"status": "ok"})
HALF_HEADER = b"POST /read HTTP/1.1\r\nHost: a\r\nX-Slow: "


class Client:
    """One client: its end of the connection, and the server's."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: Connection
    ) -> None:
        self.connection = connection
        self._reader, self._writer = reader, writer

    def send(self, content: bytes) -> None:
        self._writer.write(content)

    async def part(self, count: int = 1 << 16) -> bytes:
        """Return what comes next; nothing if the server closes."""
        try:
            return await self._reader.read(count)
        except ConnectionError:
            return b""

    async def rest(self) -> bytes:
        """Return all that comes until the server closes."""
        received = b""
        while part := await self.part():
            received += part
        return received

    async def answer(self) -> tuple[int, Any]:
        """Return the status and the JSON of the next answer."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.partition("content-length:")[2].split()[0])
        return int(head.split()[1]), json.loads(await self._reader.readexactly(size))

    def close(self) -> None:
        self._writer.transport.abort()
        self.connection.transport.abort()


@asynccontextmanager
async def clients_of(
    app: Callable[..., Awaitable[None]],
) -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    """Give a function that connects a client to a server, whose connections end with the block.

    The address that the function is given counts for the clients that connect later.
    """
    # uvicorn would call the application itself to see whether it is a factory.
    config = uvicorn.Config(
        lambda: app, factory=True, ws="none", log_level="critical", server_header=False
    )
    state, clients = ServerState(), list[Client]()

    async def connect(address: str = "") -> Client:
        ours, theirs = socket.socketpair()
        _, connection = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: Connection(config, state, {}), ours
        )
        connection.address = address
        clients.append(Client(*await asyncio.open_connection(sock=theirs), connection))
        return clients[-1]

    try:
        yield connect
    finally:
        for client in clients:
            client.close()
        await until(lambda: not state.connections)


async def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds."""
    while not condition():
        await asyncio.sleep(0.01)


def is_closing(client: Client) -> bool:
    return client.connection.transport.is_closing()


async def settle() -> None:
    """Let the server look at all that has been sent."""
    await asyncio.sleep(1)
