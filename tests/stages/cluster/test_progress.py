import io
import os
import pty
import select
import termios
from collections.abc import Callable

import pytest

from stages.cluster.progress import Board


def test_a_log_gets_a_line_for_each_change() -> None:
    """A line that differs only in its time left is not printed again."""
    log = io.StringIO()
    board = Board(log)
    board.show([("one: waiting", ""), ("two: waiting", "")])
    board.show([("one: epoch 1 of 2", "9 s left"), ("two: waiting", "")])
    board.show([("one: epoch 1 of 2", "8 s left"), ("two: waiting", "")])
    board.say("node a: lost")
    assert log.getvalue().splitlines() == [
        "one: waiting",
        "two: waiting",
        "one: epoch 1 of 2, 9 s left",
        "node a: lost",
    ]


def drawn(draw: Callable[[Board], None], size: tuple[int, int] = (8, 80)) -> str:
    """Return what a board writes to a terminal with this number of rows and columns."""
    reading, writing = pty.openpty()
    termios.tcsetwinsize(reading, size)
    with os.fdopen(writing, "w", buffering=1) as terminal:
        draw(Board(terminal))
        parts = [os.read(reading, 1 << 16)]
        while select.select([reading], [], [], 0)[0]:
            parts.append(os.read(reading, 1 << 16))
    os.close(reading)
    return b"".join(parts).decode().replace("\r", "")


def test_a_terminal_shows_the_lines_in_their_place() -> None:
    """The second drawing goes up over the first; what is said stays above."""

    def draw(board: Board) -> None:
        board.show([("one: epoch 1 of 2", "9 s left"), ("two: waiting", "")])
        board.say("node a: lost")
        board.show([("one: epoch 2 of 2", ""), ("two: waiting", "")])

    up, clear = "\x1b[2A", "\x1b[J"
    assert drawn(draw) == (
        f"{clear}one: epoch 1 of 2, 9 s left\ntwo: waiting\n"
        f"{up}{clear}node a: lost\n"
        f"{clear}one: epoch 2 of 2\ntwo: waiting\n"
    )


def test_many_networks_fit_the_terminal() -> None:
    """Where the lines are too many, those in training are shown and the others counted."""
    lines = [(f"{i}: epoch 1 of 2" if i % 10 == 0 else f"{i}: waiting", "") for i in range(50)]
    text = drawn(lambda board: board.show(lines))
    moving = [f"{i}: epoch 1 of 2" for i in range(0, 50, 10)]
    others = "45 others wait or have finished"
    assert text.removeprefix("\x1b[J").splitlines() == [*moving, others]


@pytest.mark.parametrize(
    ("size", "room", "width"),
    [
        ((8, 30), 6, 29),
        ((3, 200), 1, 199),
        ((1, 20), 1, 19),
        ((0, 0), 22, 79),  # unknown, as in a container; most have at least 24 rows of 80
    ],
)
def test_what_is_drawn_leaves_a_row_and_a_column(
    size: tuple[int, int], room: int, width: int
) -> None:
    """A line that wraps, or one that makes the terminal scroll, would be drawn in a wrong place."""
    lines = [(f"{i}: epoch 1 of 2 {'x' * 300}", "") for i in range(room + 1)]
    cut = [line[:width] for line, _ in lines]
    few = drawn(lambda board: board.show(lines[:room]), size).removeprefix("\x1b[J")
    assert few.splitlines() == cut[:room]
    many = drawn(lambda board: board.show(lines), size).removeprefix("\x1b[J")
    others = "2 others wait or have finished"
    assert many.splitlines() == [*cut[: room - 1], others[:width]]
