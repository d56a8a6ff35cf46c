"""Give hostile and mutated files to the command line and to the server.

`python -m tests.app.attacks` gives each hostile file and 100 variations of them to both, with other
clients at the server meanwhile. It prints the longest time, the peak memory of all processes and
the other clients' times, and exits with 1 if a file has no answer. With `--mutations 20000` it
gives so many mutated files of all formats to the command line.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import requests
from tqdm import tqdm

from app.models import COMMITTED
from tests.app.conftest import MemoryWatch, drawn, encoded, serving
from tests.app.hostile import hostile_files, variations
from tests.app.test_bad_files import KINDS
from tests.conftest import PROJECT

BATCH = 500  # mutated files for one command


def mutated(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield valid files of all formats with bytes changed, removed, repeated or inserted."""
    random = Random(seed)
    originals = [(kind, encoded(drawn(3), kind)) for kind in KINDS]
    for index in range(count):
        kind, original = originals[index % len(originals)]
        content = bytearray(original)
        for _ in range(random.choice((1, 2, 5, 20))):
            # Half of all changes are among the first 200 bytes, where the headers are.
            place = random.randrange(min(len(content), random.choice((200, len(content)))))
            length = random.randrange(1, 9)
            match random.randrange(4):
                case 0:
                    content[place] = random.choice((0, 1, 127, 128, 255, random.randrange(256)))
                case 1:
                    del content[place : place + length]
                case 2:
                    content[place:place] = content[place : place + length] * random.randrange(1, 50)
                case _:
                    content[place : place + length] = random.randbytes(length)
            content = content or bytearray(b"\0")
        yield f"{index:05}.{kind.lower()}", bytes(content)


def predict(paths: list[Path]) -> tuple[float, int, str]:
    """Run the command; return its seconds, its peak memory, and what is wrong with its output."""
    command = [sys.executable, "-m", "app.predict", "--json", *map(str, paths)]
    start = time.monotonic()
    with (
        subprocess.Popen(
            command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
        MemoryWatch(process.pid) as memory,
    ):
        output, errors = process.communicate()
    seconds = time.monotonic() - start
    lines = len(output.splitlines())
    wrong = errors or process.returncode not in (0, 1) or lines != len(paths)
    return seconds, memory.peak, f"{lines} lines, {process.returncode}, {errors}" if wrong else ""


def attack(files: list[Path]) -> int:
    """Give the files to the command line and the server, print the figures, count what is wrong."""
    wrong, longest, peak = 0, 0.0, 0
    for path in tqdm(files, desc="command line"):
        seconds, memory, complaint = predict([path])
        longest, peak = max(longest, seconds), max(peak, memory)
        if complaint or seconds > 10:
            wrong += 1
            print(f"{path.name}: {seconds:.1f} s {complaint}")
    print(f"command line: {longest:.1f} s at most, {peak / 1e6:.0f} MB")

    longest, times, ended = 0.0, [], threading.Event()
    honest = encoded(drawn(3))
    with tempfile.TemporaryDirectory() as folder, serving(COMMITTED, Path(folder)) as server:

        def ask() -> None:
            while not ended.is_set():
                start = time.monotonic()
                answer = requests.post(f"{server.url}/read", honest, timeout=100)
                times.append(time.monotonic() - start if answer.ok else np.inf)
                time.sleep(0.05)

        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        with MemoryWatch(server.process) as watch:
            for path in tqdm(files, desc="server"):
                start = time.monotonic()
                answer = requests.post(f"{server.url}/read", path.read_bytes(), timeout=100)
                seconds = time.monotonic() - start
                longest = max(longest, seconds)
                if answer.status_code >= 500 or not answer.json() or seconds > 10:
                    wrong += 1
                    print(f"{path.name}: {seconds:.1f} s, {answer.status_code} {answer.text[:100]}")
        ended.set()
        for client in clients:
            client.join()
    print(
        f"server: {longest:.1f} s at most, {watch.peak / 1e6:.0f} MB; {len(times)} requests of "
        f"others: median {np.median(times):.3f} s, 99 % within {np.quantile(times, 0.99):.2f} s"
    )
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variations", type=int, default=100)
    parser.add_argument("--mutations", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = 0
        if not options.mutations:
            contents = [*hostile_files(), *variations(options.seed, options.variations)]
            for name, content in contents:
                Path(folder, name).write_bytes(content)
            wrong = attack(sorted(Path(folder).iterdir()))
        batch: list[Path] = []
        peak = 0
        for name, content in tqdm(mutated(options.seed, options.mutations), unit=" files"):
            batch.append(Path(folder, name))
            batch[-1].write_bytes(content)
            if len(batch) == BATCH or name.startswith(f"{options.mutations - 1:05}"):
                _, memory, complaint = predict(batch)
                peak = max(peak, memory)
                if complaint:
                    wrong += 1
                    print(f"{batch[0].name} to {batch[-1].name}: {complaint}")
                batch.clear()
        if options.mutations:
            print(f"{options.mutations} mutated files, {peak / 1e6:.0f} MB at most")
    print(f"{wrong} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
