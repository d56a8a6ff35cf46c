"""Recognise handwritten digits: python -m app.predict PICTURE... [--json] [--show OUT.png].

A PICTURE is a file, a folder of pictures, or - for standard input. The output has a line for each
picture: its path, the digit with its probability, and the second most likely digit. With --json
the line is an object with the keys path, digit, confidence and probabilities, or path and error.
For a picture of several digits, left to right, all of them but the path are lists, and box is
added: [left, top, right, bottom] of each digit in pixels. The exit code is 0 if every picture
was recognised, 1 if some were not, and 2 for wrong usage or a missing model.
"""

import argparse
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from app.decode import FORMATS, PictureError, load_file, load_stream
from app.models import COMMITTED, TRAINED, default_model, describe
from app.montage import stacked, steps_row
from app.outcome import Outcome, as_json, as_text
from app.reader import Reader

MODEL_HELP = f"a .tflite file; else {TRAINED}, or {COMMITTED} if nothing was trained here"
SUFFIXES = {".jpg", ".jpe", ".tif", *(f".{name.lower()}" for name in FORMATS)}
MAX_SHOWN = 50  # pictures in the file that --show writes


def recognise_file(reader: Reader, path: str, show: bool) -> Outcome:
    """Recognise a file, or standard input if the path is "-"; errors are part of the outcome."""
    try:
        content = _load_standard_input() if path == "-" else load_file(Path(path))
        reading = reader.recognise(content)
    except PictureError as error:
        return Outcome(path, [], str(error), None)
    row = steps_row(reading) if show else None
    if reading.reason:
        return Outcome(path, [], f"no digit: {reading.reason}", row)
    return Outcome(path, reading.answers, "", row)


def _load_standard_input() -> bytes:
    if not sys.stdin:
        raise PictureError("standard input is closed")
    return load_stream(sys.stdin.buffer)


def expanded(arguments: Iterable[str]) -> Iterator[str | Outcome]:
    """Yield the paths of the pictures, with the sorted pictures of a folder in its place."""
    for argument in arguments:
        if argument == "-" or not os.path.isdir(argument):  # noqa: PTH112 - Path("") is "."
            yield argument
            continue
        try:
            pictures = sorted(
                str(path) for path in Path(argument).iterdir() if path.suffix.lower() in SUFFIXES
            )
        except OSError as error:
            yield Outcome(argument, [], str(error.strerror), None)
            continue
        if pictures:
            yield from pictures
        else:
            yield Outcome(argument, [], "a folder without pictures", None)


def recognise_all(reader: Reader, arguments: Iterable[str], max_shown: int) -> Iterator[Outcome]:
    """Yield the outcomes in the order of the arguments, the first `max_shown` with their steps."""
    workers = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Callable[[], Outcome]] = deque()
        for index, item in enumerate(expanded(arguments)):
            if isinstance(item, Outcome):
                pending.append(partial(Outcome, *item))
            elif item == "-":  # in the main thread, the only one that Ctrl-C interrupts
                pending.append(partial(recognise_file, reader, item, index < max_shown))
            else:
                future = pool.submit(recognise_file, reader, item, index < max_shown)
                pending.append(future.result)
            if len(pending) > 4 * workers:  # bounds the memory for any number of pictures
                yield pending.popleft()()
        while pending:
            yield pending.popleft()()


def load_reader(model: Path) -> Reader:
    """Load the model, or end the program with exit code 2."""
    try:
        return Reader(model)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "no model that can be loaded"
        remedies = {COMMITTED: f"type `git restore {COMMITTED}`", TRAINED: "type `dvc repro`"}
        remedy = remedies.get(model, "expected a .tflite file, such as app/model.tflite")
        print(f"error: {model}: {reason}; {remedy}", file=sys.stderr)
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app.predict",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pictures", nargs="*", metavar="PICTURE")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--show",
        type=Path,
        metavar="OUT.png",
        help=f"draw the steps of the first {MAX_SHOWN} pictures into a file",
    )
    parser.add_argument("--model", type=Path, default=default_model(), help=MODEL_HELP)
    parser.add_argument(
        "--version", action="store_true", help="say which model is used and how accurate it is"
    )
    return parser


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    if not (options.pictures or options.version):
        parser.error("the following arguments are required: PICTURE")
    if options.show and options.show.suffix.lower() != ".png":
        parser.error(f"--show: found {options.show}, expected a name that ends in .png")
    for stream in filter(None, (sys.stdout, sys.stderr)):  # a closed stream is None
        # A file's name may contain bytes that are not valid text.
        stream.reconfigure(errors="backslashreplace")

    reader = load_reader(options.model)
    if options.version:
        print(describe(options.model))
        return 0
    error_count, rows = 0, []
    for outcome in recognise_all(reader, options.pictures, MAX_SHOWN if options.show else 0):
        error_count += bool(outcome.error)
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
    print(end="", flush=True)  # raises an error of the output here, where it is handled
    return 1 if error_count else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("error: interrupted")
    except OSError as error:
        # Python flushes the rest of the buffer at exit, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader of our output has ended
            sys.exit(1)
        sys.exit(f"error: standard output: {error.strerror}")
