"""The progress of the networks: a line for each, renewed in a terminal."""

import os
from collections.abc import Sequence
from typing import TextIO


class Board:
    """Lines in `output`. In a terminal they change in place, in a log they follow."""

    def __init__(self, output: TextIO) -> None:
        self.output = output
        self.live = output.isatty()
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Print a line that stays, above the others."""
        if self.live:
            self._draw([])
        self.output.write(f"{line}\n")

    def show(self, lines: Sequence[tuple[str, str]]) -> None:
        """Show lines, each with a part that changes all the time and makes no new line in a log."""
        if self.live:
            self._draw([", ".join(filter(None, parts)) for parts in lines])
            return
        new = [", ".join(filter(None, parts)) for parts in lines if parts[0] not in self.lines]
        self.output.writelines(f"{line}\n" for line in new)
        self.lines = [line for line, _ in lines]

    def _draw(self, lines: list[str]) -> None:
        """Draw lines in the place of those drawn before, as many as the terminal holds."""
        size = os.get_terminal_size(self.output.fileno())
        columns, room = size.columns or 80, max(1, (size.lines or 24) - 2)
        if len(lines) > room:
            moving = [line for line in lines if "epoch " in line][: room - 1]
            lines = [*moving, f"{len(lines) - len(moving)} others wait or have finished"]
        up = f"\x1b[{len(self.lines)}A" if self.lines else ""
        self.output.write(f"{up}\x1b[J" + "".join(f"{line[: columns - 1]}\n" for line in lines))
        self.output.flush()
        self.lines = lines
