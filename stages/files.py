"""Writing a file whole or not at all, with bytes that depend on its content alone."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from stages.command import StageError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to that takes the place of `path` once the block has ended well.

    Readers see the old file or the new one, also after a crash: the bytes are on the disk before
    the rename. The temporary file has one fixed name, so that a killed run leaves one at most.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk does not say which file it was
        raise


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with the newlines it has."""
    with replacing(path) as file:
        file.write(text.encode())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON for people and Git: indented, in the order given, floats to 6 decimals."""
    write_text(path, json.dumps(_rounded(content), indent=2, allow_nan=False) + "\n")


def write_csv(path: Path, table: "pd.DataFrame") -> None:
    """Write CSV without an index, floats to 6 decimals, Unix newlines on every system."""
    write_text(path, table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))


def write_figure(path: Path, figure: "Figure") -> None:
    """Write a PNG at 100 dots per inch that carries neither a date nor a program version."""
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=100, metadata={"Software": None})


def read_json(path: Path) -> Any:
    """Read a JSON file; one that is not JSON is a `StageError`."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StageError(
            f"{path}: expected JSON, found {error}; delete it and type `dvc repro`"
        ) from error


def read_csv(path: Path) -> "pd.DataFrame":
    """Read a CSV file with a header; one that is not CSV is a `StageError`."""
    import pandas as pd  # here, because most who import this module read no CSV

    try:
        return pd.read_csv(path)
    except ValueError as error:
        raise StageError(
            f"{path}: expected CSV, found {' '.join(str(error).split())}; "
            "delete it and type `dvc repro`"
        ) from error


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
