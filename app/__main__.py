"""Serve a web page that recognises digits in drawings and pictures: python -m app."""

import argparse
import sys
from pathlib import Path

try:
    import uvicorn

    from app.models import default_model, describe
    from app.predict import MODEL_HELP, load_reader
    from app.server import create_app
except ModuleNotFoundError as error:
    sys.exit(f"error: {error.name} is missing; type `pip install -r requirements-app.txt`")

LOOPBACK = ["127.0.0.1", "localhost", "::1"]
MAX_PORT = 65535


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to serve on (loopback)")
    parser.add_argument("--port", type=int, default=8000, help="the port (8000)")
    parser.add_argument("--model", type=Path, default=default_model(), help=MODEL_HELP)
    options = parser.parse_args()
    if not 1 <= options.port <= MAX_PORT:
        parser.error(f"--port: found {options.port}, expected 1 to {MAX_PORT}")
    local = options.host in LOOPBACK
    model = describe(options.model)
    app = create_app(load_reader(options.model), model, LOOPBACK if local else [])
    host = f"[{options.host}]" if ":" in options.host else options.host
    print(f"http://{host}:{options.port} (Ctrl-C ends it)\nmodel: {model}", flush=True)
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        log_level="warning",
        limit_concurrency=200,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
