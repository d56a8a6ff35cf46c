"""Give hostile and mutated files to the command line and to the server.

`python -m tests.app.attacks` gives each hostile file and 100 variations to both, while others
use the server. It prints a table of docs/own-digits.md, and exits with 1 if a file has no answer
within 10 seconds. With `--mutations 20000` it gives so many mutated files of all formats to the
command line. Memory that processes share counts in each of them.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import requests
from tqdm import tqdm

from app.models import COMMITTED
from tests.app.conftest import MemoryWatch, drawn, encoded, serving, watched
from tests.app.hostile import hostile_files, variations
from tests.app.test_bad_files import KINDS

MAX_SECONDS = 10
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
    result, peak = watched(command)
    seconds = time.monotonic() - start
    lines = len(result.stdout.splitlines())
    wrong = result.stderr or result.returncode not in (0, 1) or lines != len(paths)
    complaint = f"{lines} lines, {result.returncode}, {result.stderr}" if wrong else ""
    return seconds, peak, complaint


class Figures(NamedTuple):
    """What the hostile files took, and how many had no answer."""

    seconds: float  # the longest
    memory: int  # bytes, the peak of all processes
    wrong: int


def attack_command(files: list[Path]) -> Figures:
    """Give each file to a command of its own."""
    longest, peak, wrong = 0.0, 0, 0
    for path in tqdm(files, desc="command line"):
        seconds, memory, complaint = predict([path])
        longest, peak = max(longest, seconds), max(peak, memory)
        if complaint or seconds > MAX_SECONDS:
            wrong += 1
            print(f"{path.name}: {seconds:.1f} s {complaint}")
    return Figures(longest, peak, wrong)


def attack_server(files: list[Path]) -> tuple[Figures, list[float]]:
    """Send each file to a server; return also the seconds of other clients' requests."""
    longest, wrong, times, ended = 0.0, 0, list[float](), threading.Event()
    with tempfile.TemporaryDirectory() as folder, serving(COMMITTED, Path(folder)) as server:
        others = [
            threading.Thread(target=ask_again_and_again, args=(server.url, times, ended))
            for _ in range(4)
        ]
        for other in others:
            other.start()
        try:
            with MemoryWatch(server.process) as watch:
                for path in tqdm(files, desc="server"):
                    start = time.monotonic()
                    answer = requests.post(f"{server.url}/read", path.read_bytes(), timeout=100)
                    seconds = time.monotonic() - start
                    longest = max(longest, seconds)
                    if answer.status_code >= 500 or not answer.json() or seconds > MAX_SECONDS:
                        wrong += 1
                        print(f"{path.name}: {seconds:.1f} s, {answer.status_code} {answer.text}")
        finally:
            ended.set()
            for other in others:
                other.join()
    return Figures(longest, watch.peak, wrong), times


def ask_again_and_again(url: str, times: list[float], ended: threading.Event) -> None:
    """Send a drawing until the event; append the seconds, infinite if there is no answer."""
    picture = encoded(drawn(3))
    while not ended.is_set():
        start = time.monotonic()
        try:
            ok = requests.post(f"{url}/read", picture, timeout=100).ok
        except requests.RequestException:
            ok = False
        times.append(time.monotonic() - start if ok else np.inf)
        time.sleep(0.05)


def attack(files: list[Path]) -> int:
    """Attack with all files, print a table of docs/own-digits.md, and count what is wrong."""
    command = attack_command(files)
    server, times = attack_server(files)
    print(f"| {len(files)} hostile files | longest, s | peak memory of all processes, MB |")
    print("| --- | --- | --- |")
    for name, figures in (("the command line, one by one", command), ("the server", server)):
        print(f"| {name} | {figures.seconds:.1f} | {figures.memory / 1e6:.0f} |")
    print(
        f"{len(times):,} drawings that four others sent to the server meanwhile: median "
        f"{1000 * np.median(times):.0f} ms, 99 % within {1000 * np.quantile(times, 0.99):.0f} ms"
    )
    return command.wrong + server.wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variations", type=int, default=100)
    parser.add_argument("--mutations", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.mutations:
            wrong = mutate(folder, options.seed, options.mutations)
        else:
            contents = [*hostile_files(), *variations(options.seed, options.variations)]
            for name, content in contents:
                (folder / name).write_bytes(content)
            wrong = attack(sorted(folder.iterdir()))
    print(f"{wrong} wrong")
    sys.exit(bool(wrong))


def mutate(folder: Path, seed: int, count: int) -> int:
    """Give mutated files to the command line, print the figures, and count what is wrong."""
    wrong, peak = 0, 0
    files = [*mutated(seed, count)]
    start = time.monotonic()
    for first in tqdm(range(0, count, BATCH)):
        batch = []
        for name, content in files[first : first + BATCH]:
            (folder / name).write_bytes(content)
            batch.append(folder / name)
        _, memory, complaint = predict(batch)
        peak = max(peak, memory)
        if complaint:
            wrong += 1
            print(f"{batch[0].name} to {batch[-1].name}: {complaint}")
    seconds = time.monotonic() - start
    print(f"{count:,} mutated files: {count / seconds:.0f} a second, {peak / 1e6:.0f} MB at most")
    return wrong


if __name__ == "__main__":
    main()
