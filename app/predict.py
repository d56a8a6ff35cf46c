"""Recognise handwritten digits: python -m app.predict PICTURE... [--json] [--show OUT.png].

A PICTURE is a file, a folder of pictures, or - for standard input. The output has a line for each
picture: its path, the digit with its probability, and the second most likely digit. With --json
the line is an object with the keys path, digit, confidence, probabilities and none (the probability
that this is no digit), or path and error. For a picture of several digits, left to right, all of
them but the path are lists, and three keys are added: text, the digits with the points, commas and
dashes between them; row_confidence, the probability that all of them are right; and box, [left,
top, right, bottom] of each digit in pixels. A model of other classes than the digits names what a
picture shows: the keys are then path, class, confidence and probabilities, an object. If a folder
holds more than pictures, a line counts the rest. The exit code is 0 if everything was recognised, 1
if something was not, and 2 for wrong usage or a missing model.
"""

import argparse
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from typing import NamedTuple

from app.models import CLASSES_HELP, MODEL_HELP, default_model, describe
from app.outcome import Outcome, failed
from app.sources import Source, expanded
from app.startup import known_classes, prepare_streams, started_workers
from app.tasks import recognise_file
from app.workers import PROCESSES, Workers
from pictures.files import MoreNeededError, PictureError, load_stream

MAX_SHOWN = 50  # pictures in the file that --show writes


class Job(NamedTuple):
    """A picture that is being recognised."""

    arguments: tuple[str, bytes | None, bool, bool]  # of recognise_file
    future: Future[Outcome]


def begin(workers: Workers, source: Source, is_json: bool, show: bool) -> Job:
    """Begin to recognise a picture; that of standard input is loaded first."""
    content, future = None, Future[Outcome]()
    try:
        if source.error:
            raise PictureError(source.error)
        if source.path == "-":
            content = _load_standard_input()
    except PictureError as error:
        future.set_exception(error)
        return Job((source.path, None, is_json, show), future)
    arguments = source.path, content, is_json, show
    return Job(arguments, workers.quick.submit(recognise_file, *arguments))


def _load_standard_input() -> bytes:
    if not sys.stdin:
        raise PictureError("standard input is closed")
    return load_stream(sys.stdin.buffer)


def end(workers: Workers, job: Job, others: Iterable[Job]) -> Outcome:
    """Wait for the outcome of a picture."""
    path, _, is_json, _ = job.arguments
    try:
        try:
            return job.future.result()
        except MoreNeededError:
            wait([other.future for other in others])  # they take memory too
            patient: Future[Outcome] = workers.patient.submit(recognise_file, *job.arguments)
            return patient.result()
    except PictureError as error:
        return failed(path, str(error), is_json)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return failed(path, f"an internal error: {reason}"[:200], is_json)


def recognise_all(
    workers: Workers, pictures: Iterable[Source], is_json: bool, max_shown: int
) -> Iterator[Outcome]:
    """Yield the outcomes in the order of the pictures, the first `max_shown` with their steps."""
    pending: deque[Job] = deque()
    for index, source in enumerate(pictures):
        # Few at once, for the memory; and none while the program may wait for standard input.
        while len(pending) > (0 if source.path == "-" else 4 * PROCESSES):
            yield end(workers, pending.popleft(), pending)
        pending.append(begin(workers, source, is_json, index < max_shown))
    while pending:
        yield end(workers, pending.popleft(), pending)


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
    parser.add_argument("--classes", type=Path, metavar="FILE", help=CLASSES_HELP)
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
    prepare_streams()
    pictures = [*expanded(options.pictures)]
    if options.show and any(is_same_file(options.show, source.path) for source in pictures):
        parser.error(f"--show: {options.show} is one of the pictures; expected another name")

    classes = known_classes(options.model, options.classes)
    workers = started_workers(options.model, classes)
    if options.version:
        print(describe(options.model))
        return 0
    has_error, rows = False, []
    max_shown = MAX_SHOWN if options.show else 0
    for outcome in recognise_all(workers, pictures, options.json, max_shown):
        has_error |= outcome.is_error
        if outcome.row is not None:
            rows.append(outcome.row)
        is_message = outcome.is_error and not options.json
        print(outcome.line, file=sys.stderr if is_message else sys.stdout)
    if rows:
        from app.montage import save  # the rest of the program needs no picture library

        try:
            save(rows, options.show)
        except OSError as error:
            print(f"error: --show: {options.show}: {error.strerror or error}", file=sys.stderr)
            return 2
    print(end="", flush=True)  # raises an error of the output here, where it is handled
    return int(has_error)


def is_same_file(path: Path, other: str) -> bool:
    """Tell whether two paths lead to the same existing file."""
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # ValueError: a null byte in a path
        return False


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
