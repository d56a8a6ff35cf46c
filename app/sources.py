"""Where the command line finds pictures: files, folders and standard input."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pictures.files import SUFFIXES


class Source(NamedTuple):
    """A picture, or something else with the reason why it is not read."""

    path: str  # "-" is standard input
    error: str = ""


def expanded(arguments: Iterable[str]) -> Iterator[Source]:
    """Yield the pictures, with the sorted pictures of a folder in its place."""
    for argument in arguments:
        if argument == "-" or not os.path.isdir(argument):  # noqa: PTH112 - Path("") is "."
            yield Source(argument)
            continue
        try:
            # Hidden files are what systems leave behind, such as .DS_Store.
            paths = sorted(path for path in Path(argument).iterdir() if path.name[0] != ".")
        except OSError as error:
            yield Source(argument, str(error.strerror))
            continue
        pictures = [path for path in paths if path.suffix.lower() in SUFFIXES]
        yield from (Source(str(path)) for path in pictures)
        if not pictures:
            yield Source(argument, "a folder without pictures")
        elif others := [repr(path.name) for path in sorted({*paths} - {*pictures})]:
            names = ", ".join(others[:3]) + ", ..." * (len(others) > 3)
            yield Source(argument, f"{len(others)} in this folder not read: {names}")
