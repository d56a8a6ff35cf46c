"""A stage as a command: its arguments are paths, and what goes wrong is one line on stderr."""

import argparse
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


class StageError(Exception):
    """A fault that a person can put right.

    The message is one line: what was found, what was expected, what to do next.
    """


def parse_paths(description: str | None, **paths: str) -> argparse.Namespace:
    """Parse one required option per keyword, `name="what it is"`, into a `pathlib.Path`."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, meaning in paths.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=Path, required=True, help=meaning)
    return parser.parse_args()


def run(main: Callable[[], None]) -> None:
    """Run a stage's `main`; a foreseeable fault becomes one line on stderr and exit code 1.

    A fault in the code itself is no `StageError` or `OSError` and keeps its traceback.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a log shows what goes on, also after a kill
    try:
        main()
    except StageError as error:
        _fail(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        what = " ".join((error.strerror or str(error)).split())
        _fail(
            f"{where}{what}; nothing half-written was kept: "
            "see to the disk or its permissions, then type `dvc repro` again"
        )


def _fail(message: str) -> NoReturn:
    sys.stdout.flush()
    print(f"error: {message}", file=sys.stderr, flush=True)
    os._exit(1)  # at once: TensorFlow's threads can take seconds to wind down
