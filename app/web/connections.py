"""Connections that nobody can hold for long, and of which there are never too many.

A connection waits until a whole request has arrived, and waits again after the answer, or if the
client does not read it. While it waits it may be closed in favour of a new one, and it never stays
for longer than a time limit: whoever sends their request at once is served, however many others are
silent or slow.
"""

import asyncio
import json
import select
import socket
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.web.addresses import network
from app.web.guard import RAW_HEADERS
from app.web.limits import BODY_TIME

MAX_CONNECTIONS = 1024
MAX_PER_ADDRESS = 256  # a school behind one address has fewer
BACKLOG = 1024  # new connections that the system holds until the server takes them
MAX_FILES = 4096  # descriptors: the connections, those of a full backlog, and the rest
MAX_LINES = 200  # of a header; each costs the parser far more than its bytes
PIECE = 4096  # bytes of a body in chunks that are taken apart at once
MAX_OTHER_SHARE = 1 / 64  # bytes between the chunks, for each byte of the body
HEADER, BODY, WORK = "header", "body", "work"  # what a connection waits for; WORK: for nothing
ENDING_TIME = 2.0  # seconds for a body when the server ends
# Seconds. The server answers a slow body with 408 after BODY_TIME; a second later the connection is
# closed. WORK is more than two waits for a turn and both readings take; requests that follow each
# other without a pause have it together, so that answers nobody reads do not stay for ever.
TIME = {HEADER: 10.0, BODY: BODY_TIME + 1, WORK: 60.0}


class Connection(H11Protocol):
    """An HTTP/1.1 connection of uvicorn's with these limits."""

    address: Any = None
    waits_since = 0.0
    _body_bytes = _other_bytes = 0  # of a body in chunks: itself, and what stands between
    _lines = 0  # of a header that is arriving
    _stage = ""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio does this only for sockets that it has opened itself. Without it the second answer
        # on a connection is 40 ms late: its body waits until the client acknowledges its header.
        own = transport.get_extra_info("socket")
        if own.family != socket.AF_UNIX:
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = network(self.client[0] if self.client else "")
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
            if self._stage == HEADER:
                self._lines += piece.partition(b"\r\n\r\n")[0].count(b"\n")
                if self._lines > MAX_LINES:
                    self._refuse(f"more than {MAX_LINES} lines in the header")
                    return
            super().data_received(piece)
            self._follow()
            if self._stage != HEADER:
                self._lines = 0
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
        if self._timer:
            self._timer.cancel()

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
        """Return whether it is the client's turn: to send a request, or to read an answer."""
        return self._stage != WORK or self.flow.write_paused

    def has_unread_data(self) -> bool:
        """Return whether something has arrived that the server has not looked at yet."""
        if self.transport.is_closing() or self.flow.write_paused:
            return False  # the server does not look until the client has read its answer
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _all(self) -> list["Connection"]:
        """Return the open connections; one that closes is open until its last answer is sent."""
        return [
            connection
            for connection in self.connections
            if isinstance(connection, Connection)
            and (
                not connection.transport.is_closing()
                or connection.transport.get_write_buffer_size()
            )
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
        if self._stage in (WORK, ""):
            self.waits_since = self.loop.time()
        self._stage = stage
        self._end_after(TIME[stage])

    def _end_after(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self.transport.abort)
