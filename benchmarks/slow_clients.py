"""Attack the page's server with slow clients: python -m benchmarks.slow_clients [--clients 300].

The attackers and the honest clients all have the address 127.0.0.1. An attacker whose connection
is closed opens the next one after a pause: without it, thousands of new connections a second would
take the time of the machine, which is another attack (--pause 0). The output is a table of
docs/api.md: how long honest requests take meanwhile, from the connection to the end of the answer.
"""

import argparse
import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np

from benchmarks.server import HOST, Client, drawing, started_server
from stages.shared.cli import StageError, run

START = f"POST /read HTTP/1.1\r\nHost: {HOST}\r\n"
# What an attacker sends at once; after that, a byte a second.
ATTACKS = {
    "nobody": "",
    "silent": "",
    "slow header": f"{START}X-Slow: ",
    "slow body": f"{START}Content-Length: 100000\r\n\r\n",
}
WARM_UP = 2.0  # seconds until all attackers are there


async def attacker(port: int, start: str, pause: float) -> None:
    """Hold a connection for as long as the server lets it, again and again."""
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(start.encode())
                while not reader.at_eof():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(1):
                            await reader.read(1 << 16)  # nothing, once the server has closed
                    writer.write(b"a" if start else b"")
            finally:
                writer.transport.abort()
        await asyncio.sleep(pause)


def attackers(port: int, start: str, clients: int, pause: float) -> None:
    """Run attackers until the process is ended."""

    async def all_of_them() -> None:
        await asyncio.gather(*(attacker(port, start, pause) for _ in range(clients)))

    asyncio.run(all_of_them())


@contextmanager
def attacked(port: int, start: str, clients: int, pause: float) -> Iterator[None]:
    """Attack a server during the block, from a process of its own."""
    process = multiprocessing.get_context("spawn").Process(
        target=attackers, args=(port, start, clients, pause)
    )
    process.start()
    try:
        time.sleep(WARM_UP)
        yield
    finally:
        process.kill()
        process.join()


def honest_times(port: int, seconds: float) -> tuple[list[float], int]:
    """Return the seconds that honest requests take, and the number of those that failed."""
    content, times, failures = drawing(), [], 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        try:
            with Client(port) as client:
                failures += client.post(content) != 200
        except StageError:
            failures += 1
        times.append(time.perf_counter() - start)
        time.sleep(0.05)
    return times, failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=300)
    parser.add_argument("--pause", type=float, default=1, help="seconds between two connections")
    parser.add_argument("--seconds", type=float, default=30, help="for each kind of attackers")
    options = parser.parse_args()
    print("| attackers | honest requests | failed | median, ms | 99 %, ms |")
    print("| --- | --- | --- | --- | --- |")
    with started_server() as (_, port):
        for name, start in ATTACKS.items():
            clients = options.clients if name != "nobody" else 0
            with attacked(port, start, clients, options.pause):
                times, failures = honest_times(port, options.seconds)
            median, last = 1000 * np.percentile(times, [50, 99])
            label = f"{clients} {name}" if clients else name
            print(f"| {label} | {len(times)} | {failures} | {median:.0f} | {last:.0f} |")


if __name__ == "__main__":
    run(main)
