import io
import os
import pty
import termios

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


def test_a_terminal_shows_the_lines_in_their_place() -> None:
    """The second drawing goes up over the first; what is said stays above."""
    reading, writing = pty.openpty()
    with os.fdopen(writing, "w") as terminal:
        board = Board(terminal)
        board.show([("one: epoch 1 of 2", "9 s left"), ("two: waiting", "")])
        board.say("node a: lost")
        board.show([("one: epoch 2 of 2", ""), ("two: waiting", "")])
        text = os.read(reading, 1 << 16).decode().replace("\r", "")
    os.close(reading)
    up, clear = "\x1b[2A", "\x1b[J"
    assert text == (
        f"{clear}one: epoch 1 of 2, 9 s left\ntwo: waiting\n"
        f"{up}{clear}node a: lost\n"
        f"{clear}one: epoch 2 of 2\ntwo: waiting\n"
    )


def test_many_networks_fit_the_terminal() -> None:
    """Where the lines are too many, those in training are shown and the others counted."""
    reading, writing = pty.openpty()
    with os.fdopen(writing, "w") as terminal:
        termios.tcsetwinsize(reading, (8, 80))
        board = Board(terminal)
        lines = [
            (f"{i}: epoch 1 of 2", "") if i % 10 == 0 else (f"{i}: waiting", "") for i in range(50)
        ]
        board.show(lines)
        text = os.read(reading, 1 << 16).decode().replace("\r", "")
    os.close(reading)
    assert text.splitlines()[-1] == "45 others wait or have finished"
    assert len(text.splitlines()) == 6
