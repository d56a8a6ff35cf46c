"""Read handwritten digits: python -m app.predict PICTURE... [--json] [--show OUT.png].

A PICTURE is a file, a folder, which means the pictures in it, or - for standard input. Prints a
line for each: path, digit, how sure the model is, and what comes second; with --json an object
with the keys path, digit, confidence, probabilities, or path and error. In a picture of several
digits, read left to right, all but the path are lists, and box has [left, top, right, bottom] of
each in pixels. Exit code 0 if all were read, 1 if some could not be, 2 for wrong use.
"""

import argparse
import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from app.image import Bytes
from app.picture import FORMATS, PictureError, read_file, read_stream
from app.reader import Answer, Reader
from app.show import stacked, steps_row

MODEL = Path("models/model.tflite")
SUFFIXES = {".jpg", ".jpe", ".tif", *(f".{name.lower()}" for name in FORMATS)}
MOST_SHOWN = 50  # pictures in the file of --show


class Outcome(NamedTuple):
    """What came of one picture."""

    path: str
    answers: list[Answer]
    error: str
    row: Bytes | None  # the picture's steps


def read_one(reader: Reader, path: str, show: bool) -> Outcome:
    """Read a file, or standard input for "-"; what cannot be read is an error in the outcome."""
    try:
        reading = reader.read(_standard_input() if path == "-" else read_file(Path(path)))
    except PictureError as error:
        return Outcome(path, [], str(error), None)
    row = steps_row(reading) if show else None
    if reading.fault:
        return Outcome(path, [], f"no digit: {reading.fault}", row)
    return Outcome(path, reading.answers, "", row)


def _standard_input() -> bytes:
    if not sys.stdin:
        raise PictureError("standard input is closed")
    return read_stream(sys.stdin.buffer)


def expanded(arguments: Iterable[str]) -> Iterator[str | Outcome]:
    """Yield the paths to read: each folder's pictures, sorted, in its place."""
    for argument in arguments:
        if argument == "-" or not os.path.isdir(argument):  # noqa: PTH112 - Path("") is "."
            yield argument
            continue
        try:
            inside = sorted(
                str(path) for path in Path(argument).iterdir() if path.suffix.lower() in SUFFIXES
            )
        except OSError as error:
            yield Outcome(argument, [], str(error.strerror), None)
            continue
        if inside:
            yield from inside
        else:
            yield Outcome(argument, [], "a folder without pictures", None)


def read_all(reader: Reader, arguments: Iterable[str], shown: int) -> Iterator[Outcome]:
    """Yield the outcomes in the order of the arguments, the first `shown` with their steps."""
    workers = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Callable[[], Outcome]] = deque()
        for number, item in enumerate(expanded(arguments)):
            if isinstance(item, Outcome):
                pending.append(partial(Outcome, *item))
            elif item == "-":  # in its turn, by this thread: Ctrl-C reaches no other
                pending.append(partial(read_one, reader, item, number < shown))
            else:
                pending.append(pool.submit(read_one, reader, item, number < shown).result)
            if len(pending) > 4 * workers:  # a few ahead, however many there are
                yield pending.popleft()()
        while pending:
            yield pending.popleft()()


def as_json(outcome: Outcome) -> str:
    """Return the outcome as one line of JSON."""
    if outcome.error:
        return json.dumps({"path": outcome.path, "error": outcome.error})
    rows: list[dict[str, Any]] = [
        {
            "digit": answer.digit,
            "confidence": round(answer.confidence, 6),
            "probabilities": [round(value, 6) for value in answer.probabilities],
        }
        for answer in outcome.answers
    ]
    if len(rows) == 1:
        return json.dumps({"path": outcome.path} | rows[0])
    lists = {key: [row[key] for row in rows] for key in rows[0]}
    return json.dumps(
        {"path": outcome.path} | lists | {"box": [answer.box for answer in outcome.answers]}
    )


def as_text(outcome: Outcome) -> str:
    """Return the outcome as one line for people."""
    path = outcome.path if outcome.path.isprintable() else repr(outcome.path)
    if outcome.error:
        return f"{path}: {outcome.error}"
    several = len(outcome.answers) > 1
    parts = [
        f"{answer.digit} ({answer.confidence:.1%}), "
        f"then {answer.runner_up} ({answer.probabilities[answer.runner_up]:.1%})"
        + (" at {},{} to {},{}".format(*answer.box) if several else "")
        for answer in outcome.answers
    ]
    digits = " ".join(str(answer.digit) for answer in outcome.answers) + ": " if several else ""
    return f"{path}: {digits}{'; '.join(parts)}"


def load_reader(model: Path) -> Reader:
    """Load the model; one that cannot be loaded ends the program with exit code 2."""
    try:
        return Reader(model)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "no model that can be loaded"
        print(f"error: {model}: {reason}; type `dvc repro` to make it", file=sys.stderr)
        sys.exit(2)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m app.predict",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pictures", nargs="+", metavar="PICTURE")
    parser.add_argument("--json", action="store_true", help="print JSON, an object a line")
    parser.add_argument(
        "--show",
        type=Path,
        metavar="OUT.png",
        help=f"write the steps of the first {MOST_SHOWN} pictures as a picture",
    )
    parser.add_argument("--model", type=Path, default=MODEL, help=f"a .tflite file ({MODEL})")
    options = parser.parse_args()
    if options.show and options.show.suffix.lower() != ".png":
        parser.error(f"--show: found {options.show}, expected a name that ends in .png")
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed
        # A file's name may be no valid text.
        stream.reconfigure(errors="backslashreplace")

    reader = load_reader(options.model)
    unread, rows = 0, []
    for outcome in read_all(reader, options.pictures, MOST_SHOWN if options.show else 0):
        unread += bool(outcome.error)
        if outcome.row is not None:
            rows.append(outcome.row)
        if options.json:
            print(as_json(outcome))
        else:
            print(as_text(outcome), file=sys.stderr if outcome.error else sys.stdout)
    if rows:
        try:
            stacked(rows).save(options.show)
        except OSError as error:
            parser.error(f"--show: {options.show}: {error.strerror or error}")
    print(end="", flush=True)  # here, where a fault of the output can still be told
    return 1 if unread else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("error: interrupted")
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still to go
        if isinstance(error, BrokenPipeError):  # what reads our output has seen enough
            sys.exit(1)
        sys.exit(f"error: standard output: {error.strerror}")
