"""The command line of a stage: its paths, and errors as one line on stderr."""

import argparse
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


class StageError(Exception):
    """An error that the user can put right.

    The message is one line: what was found, what was expected, what to do next.
    """


def one_line(error: BaseException) -> str:
    """Return the message of an exception without line breaks."""
    return " ".join(str(error).split()) or type(error).__name__


def parse_paths(description: str | None, **paths: str) -> argparse.Namespace:
    """Parse the command line: one required option for each keyword, as a `pathlib.Path`.

    A keyword is the option's name, its value the help text: `raw="folder with the IDX files"`
    makes the option `--raw`.
    """
    parser = argparse.ArgumentParser(
        prog=sys.argv[0],
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, meaning in paths.items():
        parser.add_argument(f"--{name}", type=Path, required=True, help=meaning)
    return parser.parse_args()


def run(main: Callable[[], None]) -> None:
    """Call `main`; end with one line on stderr and exit code 1 if the user can put the error right.

    These errors are `StageError`, `OSError` and Ctrl-C. Any other exception is an error in the code
    and keeps its traceback.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a log shows each line at once
    try:
        main()
    except StageError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted; type the same command to go on")
    except OSError as error:
        path = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or one_line(error)
        _fail(
            f"{path}{reason}; no half-written file was kept: "
            "check the disk and its permissions, then type `dvc repro` again"
        )


def _fail(message: str) -> NoReturn:
    sys.stdout.flush()
    print(f"error: {message}", file=sys.stderr, flush=True)
    os._exit(1)  # at once: TensorFlow's threads can take seconds to end
