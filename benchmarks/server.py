"""Measure the page's server: python -m benchmarks.server.

It sends a drawn digit, as the page does, from 1, 8 and 20 clients for some seconds each. The output
is a table of docs/api.md: requests a second, and how long they take. Run it on a machine that does
nothing else; the clients take a part of its time too.
"""

import argparse
import http.client
import io
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import numpy as np
from PIL import Image, ImageDraw

from stages.shared.cli import StageError, one_line, run

PROJECT = Path(__file__).parents[1]
HOST = "127.0.0.1"
CLIENTS = (1, 8, 20)
THREE = [
    (120, 80),
    (184, 48),
    (256, 64),
    (272, 120),
    (184, 192),
    (256, 216),
    (288, 272),
    (256, 336),
    (112, 328),
]
PEN_WIDTH = 20  # pixels


def drawing() -> bytes:
    """Return a three in a PNG of the size that the page's canvas has."""
    picture = Image.new("RGB", (400, 400), "white")
    ImageDraw.Draw(picture).line(THREE, "black", PEN_WIDTH, joint="curve")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@contextmanager
def started_server(
    *options: str, stderr: IO[str] | int | None = None
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the server in a process of its own; give the process and its port."""
    command = [sys.executable, "-m", "app", "--port", "0", *options]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=stderr, text=True
    ) as process:
        try:
            assert process.stdout  # noqa: S101 - for the type checker
            address, model = process.stdout.readline(), process.stdout.readline()
            if not model:
                raise StageError("the server did not start: see above")
            port = urlsplit(address.split()[0]).port
            assert port  # noqa: S101 - for the type checker
            yield process, port
        finally:
            process.terminate()


class Client(http.client.HTTPConnection):
    """A client that sends one picture after the other over one connection."""

    def __init__(self, port: int) -> None:
        super().__init__(HOST, port, timeout=60)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def post(self, content: bytes) -> int:
        """Send a picture and return the status of the answer; raise `StageError` without one."""
        try:
            self.request("POST", "/read", content)
            response = self.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            raise StageError(f"found no answer of the server: {one_line(error)}") from error
        return response.status


def times_of(port: int, seconds: float) -> list[float]:
    """Send pictures for some seconds; return the seconds that each request took."""
    content, times = drawing(), []
    with Client(port) as client:
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            if (status := client.post(content)) != 200:
                raise StageError(f"found status {status}, expected 200")
            times.append(time.perf_counter() - start)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="for each number of clients")
    options = parser.parse_args()
    print("| clients | requests a second | median, ms | 99 %, ms |")
    print("| --- | --- | --- | --- |")
    with started_server() as (_, port):
        times_of(port, 1)
        for clients in CLIENTS:
            start = time.perf_counter()
            with ThreadPoolExecutor(clients) as pool:
                lists = list(pool.map(times_of, [port] * clients, [options.seconds] * clients))
            rate = sum(map(len, lists)) / (time.perf_counter() - start)
            median, last = 1000 * np.percentile(np.concatenate(lists), [50, 99])
            print(f"| {clients} | {rate:.0f} | {median:.0f} | {last:.0f} |")


if __name__ == "__main__":
    run(main)
