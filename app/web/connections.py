"""Connections that nobody can hold for long, and of which there are never too many.

A connection waits until a whole request has arrived, and waits again after the answer. While it
waits it has a time limit, and it may be closed in favour of a new one: whoever sends their request
at once is served, however many others are silent or slow.
"""

import asyncio
import ipaddress
import json
import select
import socket
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.web.guard import RAW_HEADERS
from app.web.limits import BODY_TIME

MAX_CONNECTIONS = 1024
MAX_PER_ADDRESS = 256  # a school behind one address has fewer
BACKLOG = 1024  # new connections that the system holds until the server takes them
MAX_FILES = 4096  # descriptors: the connections, those of a full backlog, and the rest
PIECE = 4096  # bytes of a body in chunks that are taken apart at once
MAX_OTHER_SHARE = 1 / 64  # bytes between the chunks, for each byte of the body
HEADER, BODY, WORK = "header", "body", "work"  # what a connection waits for, or that it does not
# Seconds. An answer of its own says that a body was too slow, so that this one is longer.
ENDING_TIME = 2.0  # for a body when the server ends
TIME = {HEADER: 10.0, BODY: BODY_TIME + 1, WORK: None}


class Connection(H11Protocol):
    """An HTTP/1.1 connection of uvicorn's with these limits."""

    address: Any = None
    waits_since = 0.0
    _body_bytes = _other_bytes = 0  # of a body in chunks: itself, and what stands between
    _stage = ""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio does this only for sockets that it has opened itself. Without it the second answer
        # on a connection is 40 ms late: its body waits until the client acknowledges its header.
        own = transport.get_extra_info("socket")
        if own.family != socket.AF_UNIX:
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = _network(self.client[0] if self.client else "")
        self._follow()
        others = [other for other in self._all() if other is not self]
        if len(others) >= MAX_CONNECTIONS:
            self._replace_one_of(others)
        else:
            neighbours = [other for other in others if other.address == self.address]
            if len(neighbours) >= MAX_PER_ADDRESS:
                self._replace_one_of(neighbours)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived; in small pieces while it may be a body in chunks."""
        while data and not self.transport.is_closing():
            in_body = self._stage == BODY
            in_chunks = in_body and (b"transfer-encoding", b"chunked") in self.headers
            size = len(data) if in_body and not in_chunks else PIECE
            piece, data = data[:size], data[size:]
            before = len(self.cycle.body) if in_body else 0
            super().data_received(piece)
            self._follow()
            if in_chunks and self._stage == BODY:
                self._count(len(piece), len(self.cycle.body) - before)
            else:
                self._body_bytes = self._other_bytes = 0

    def _count(self, size: int, body_bytes: int) -> None:
        """Refuse a body whose chunks are so small that taking it apart holds up all others."""
        self._body_bytes += body_bytes
        self._other_bytes += size - body_bytes
        if self._other_bytes > PIECE + self._body_bytes * MAX_OTHER_SHARE:
            self._refuse("the chunks of the body are too small, expected 1 kB or more in each")

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._follow()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._end_after(None)

    def shutdown(self) -> None:
        """End the connection, with a short time for a body that is still arriving."""
        super().shutdown()
        if self._stage == BODY:
            self._end_after(ENDING_TIME)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse("not an HTTP request, expected HTTP/1.1 with a header of at most 16 KiB")

    def _refuse(self, error: str) -> None:
        """Answer as the rest of the server answers errors, and close the connection."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # answered already
            self.transport.abort()
            return
        content = json.dumps({"error": error}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"connection", b"close"),
            *RAW_HEADERS,
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=content),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def waits(self) -> bool:
        return self._stage != WORK

    def has_unread_data(self) -> bool:
        """Return whether something has arrived that the server has not looked at yet."""
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _all(self) -> list["Connection"]:
        return [
            connection
            for connection in self.connections
            if isinstance(connection, Connection) and not connection.transport.is_closing()
        ]

    def _replace_one_of(self, others: list["Connection"]) -> None:
        """Close the connection that waits for longest, or this one if all are at work."""
        waiting = sorted(
            (other for other in others if other.waits), key=lambda other: other.waits_since
        )
        silent = (other for other in waiting if not other.has_unread_data())
        (next(silent, None) or next(iter(waiting), self)).transport.abort()

    def _follow(self) -> None:
        """Find out what the connection waits for; start the time limit if that is new."""
        if self.conn.their_state is h11.SEND_BODY:
            stage = BODY
        else:
            stage = WORK if self.cycle and not self.cycle.response_complete else HEADER
        if stage == self._stage:
            return
        if not self.waits or not self._stage:
            self.waits_since = self.loop.time()
        self._stage = stage
        self._end_after(TIME[stage])

    def _end_after(self, seconds: float | None) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self.transport.abort) if seconds else None


def _network(address: str) -> Any:
    """Return what one client can choose its address from: in IPv6 that is a /64."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4 or parsed.ipv4_mapped:
        return address
    return ipaddress.ip_network((parsed.packed, 64), strict=False)
