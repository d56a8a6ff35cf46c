"""Serve an application on one address until a signal ends the process."""

import os
import resource
import signal
import socket
import sys

import uvicorn

from app.web.connections import BACKLOG, MAX_FILES, Connection
from app.web.guard import Guard

GRACE = 5  # seconds for the requests that are at work when the server is told to end


def prepare_process() -> None:
    """Let signals end the process with code 0, and let it have a file for each connection."""
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn ends the requests first, then raises the signal again.
        signal.signal(number, lambda *_: sys.exit(0))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listen(host: str, port: int) -> socket.socket:
    """Open the address for connections, or end the program if it is in use or not ours."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        # create_server repeats the address in the error's text.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    except UnicodeError:  # a part of the name is empty or too long
        reason = "not the name of a host"
    sys.exit(f"error: {host}, port {port}: {reason}; try another --port or --host")


def serve(app: Guard, listener: socket.socket, is_behind_proxy: bool) -> None:
    """Serve until a signal comes. A proxy on this machine may say who its clients are."""
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        # A warning for each request that is not HTTP would let strangers fill the log.
        log_level="error",
        backlog=BACKLOG,
        proxy_headers=is_behind_proxy,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    uvicorn.Server(config).run(sockets=[listener])
