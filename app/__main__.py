"""Serve a web page that recognises digits in drawings and pictures: python -m app."""

import argparse
import os
import resource
import signal
import socket
import sys
from pathlib import Path

try:
    import uvicorn

    from app.models import default_model, describe
    from app.predict import MODEL_HELP, started_workers
    from app.web.connections import BACKLOG, MAX_FILES, Connection
    from app.web.recognition import Recognition
    from app.web.server import create_app
except ModuleNotFoundError as error:
    sys.exit(f"error: {error.name} is missing; type `pip install -r requirements-app.txt`")

LOOPBACK = ["127.0.0.1", "localhost", "::1"]
MAX_PORT = 65535
GRACE = 5  # seconds for the requests that are at work when the server is told to end


def listen(host: str, port: int) -> socket.socket:
    """Open the address for connections, or end the program if it is in use or not ours."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        # create_server repeats the address in the error's text.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        sys.exit(f"error: {host}, port {port}: {reason}; try another --port or --host")


def _allow_files() -> None:
    """Let the process have a descriptor for each connection, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to serve on (loopback)")
    parser.add_argument("--port", type=int, default=8000, help="the port (8000); 0: any")
    parser.add_argument("--model", type=Path, default=default_model(), help=MODEL_HELP)
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which the server may be called, such as a proxy's; may be repeated",
    )
    parser.add_argument("--access-log", action="store_true", help="print a line for each request")
    options = parser.parse_args()
    if not 0 <= options.port <= MAX_PORT:
        parser.error(f"--port: found {options.port}, expected 0 to {MAX_PORT}")
    return options


def main() -> None:
    options = _options()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn ends the requests first, then raises the signal again.
        signal.signal(number, lambda *_: sys.exit(0))
    _allow_files()
    server = listen(options.host, options.port)
    recognition = Recognition(started_workers(options.model))
    checked = options.allow_host or options.host in LOOPBACK
    model = describe(options.model)
    app = create_app(
        recognition.recognise,
        recognition.explain,
        model,
        [*LOOPBACK, *options.allow_host] if checked else [],
        options.access_log,
    )
    host = f"[{options.host}]" if ":" in options.host else options.host
    port = server.getsockname()[1]
    print(f"http://{host}:{port} (Ctrl-C ends it)\nmodel: {model}", flush=True)
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        # A warning for each request that is not HTTP would let strangers fill the log.
        log_level="error",
        backlog=BACKLOG,
        proxy_headers=bool(options.allow_host),
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    uvicorn.Server(config).run(sockets=[server])


if __name__ == "__main__":
    main()
