"""Writing files whole or not at all, and reading JSON and CSV."""

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from stages.shared.cli import StageError, one_line

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


# The exceptions that zipfile and its users raise when they read a damaged archive.
DAMAGED_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    EOFError,
    OSError,
    RuntimeError,
)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` if the block ends without an exception.

    Readers see the old file or the new one, also after a crash: the bytes are on the disk before
    the rename. The temporary file has a fixed name, so a killed run leaves one at most.
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
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            # A full disk names no file, and nobody knows the temporary one.
            error.filename = str(path)
        raise


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with the newlines it has."""
    with replacing(path) as file:
        file.write(text.encode())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write indented JSON with the keys in their order and floats to 6 decimals."""
    write_text(path, json.dumps(_rounded(content), indent=2, allow_nan=False) + "\n")


def write_csv(path: Path, table: "pd.DataFrame") -> None:
    """Write CSV without an index, floats to 6 decimals, Unix newlines on every system."""
    write_text(path, table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))


def write_figure(path: Path, figure: "Figure") -> None:
    """Write a PNG at 100 dots per inch, without a date and a program version in it."""
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=100, metadata={"Software": None})


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises `StageError` if it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise damaged(path, one_line(error), "JSON") from error


def read_csv(path: Path) -> "pd.DataFrame":
    """Read a CSV file with a header.

    Raises `StageError` if it is not CSV.
    """
    import pandas as pd  # here, because its import takes 0.3 s and few callers need it

    try:
        return pd.read_csv(path)
    except ValueError as error:
        raise damaged(path, one_line(error), "CSV") from error


def damaged(path: Path, found: str, expected: str) -> StageError:
    """Return the error that says that an output of a stage is not as that stage wrote it."""
    return StageError(
        f"{path}: found {found}, expected {expected}; delete the file and type `dvc repro`"
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
