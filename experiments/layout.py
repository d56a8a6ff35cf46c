"""A report in parts, as plain text or as Markdown."""

from collections.abc import Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """Rows of cells, the first of which is the heading."""

    rows: Sequence[Sequence[str]]


class Commands(NamedTuple):
    """Lines to be typed in a shell."""

    lines: Sequence[str]


Part = str | Table | Commands  # a string is a paragraph


def as_text(parts: Sequence[Part]) -> str:
    """Return the parts as plain text, the columns of a table below each other."""
    return "\n\n".join(map(_text, parts))


def as_markdown(parts: Sequence[Part]) -> str:
    """Return the parts as Markdown, as a pull request or a page shows it."""
    return "\n\n".join(map(_markdown, parts))


def _text(part: Part) -> str:
    if isinstance(part, Table):
        widths = [max(map(len, column)) for column in zip(*part.rows, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in part.rows
        )
    return "\n".join(f"    {line}" for line in part.lines) if isinstance(part, Commands) else part


def _markdown(part: Part) -> str:
    if isinstance(part, Table):
        lines = [f"| {' | '.join(row)} |" for row in part.rows]
        return "\n".join([lines[0], f"|{'---|' * len(part.rows[0])}", *lines[1:]])
    return "\n".join(["```sh", *part.lines, "```"]) if isinstance(part, Commands) else part
