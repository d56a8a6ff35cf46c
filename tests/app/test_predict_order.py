"""When each of many pictures is read, and what is said of one that no worker can read."""

import sys
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from app.outcome import Outcome
from app.predict import recognise_all
from app.sources import Source
from app.workers import PROCESSES
from pictures.files import MoreNeededError, TooLargeError

Answer = Outcome | Exception


class Lane:
    """Stands in for workers: it answers each task at once as it is told, and keeps what came."""

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self.begun: list[tuple[Any, ...]] = []  # the arguments of each task
        self._answers = deque(answers)

    def submit(self, _: Callable[..., Any], *arguments: Any) -> Future[Outcome]:
        self.begun.append(arguments)
        future: Future[Outcome] = Future()
        answer = self._answers.popleft() if self._answers else Outcome(f"{arguments[0]}: 7", False)
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future


def workers(quick: Lane, patient: Lane | None = None) -> Any:
    return SimpleNamespace(quick=quick, patient=patient or Lane())


def sources(*paths: str) -> list[Source]:
    return [Source(path) for path in paths]


def test_few_pictures_are_held_at_once() -> None:
    """Of a folder of any size, each of two workers has four pictures, and one more is at hand."""
    assert PROCESSES == 2
    lane, names = Lane(), [f"{index}.png" for index in range(30)]
    found = [
        (outcome.line, len(lane.begun))
        for outcome in recognise_all(workers(lane), sources(*names), False, 0)
    ]
    counts = [min(9 + place, 30) for place in range(30)]
    assert found == [(f"{name}: 7", count) for name, count in zip(names, counts, strict=True)]


def test_what_came_before_standard_input_is_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program may wait for a person there, who sees everything before it by then."""
    events: list[str] = []

    def read(_: int) -> bytes:
        events.append("read")
        return b"content"

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(read=read)))
    lane = Lane()
    for outcome in recognise_all(workers(lane), sources("a", "b", "-", "c"), True, 0):
        events.append(outcome.line)
    assert events == ["a: 7", "b: 7", "read", "-: 7", "c: 7"]
    assert lane.begun == [
        ("a", None, True, False),
        ("b", None, True, False),
        ("-", b"content", True, False),
        ("c", None, True, False),
    ]


def test_the_first_pictures_are_drawn() -> None:
    """As many as asked for: more would take more and more memory."""
    lane = Lane()
    assert len([*recognise_all(workers(lane), sources("a", "b", "c"), False, 2)]) == 3
    assert [show for _, _, _, show in lane.begun] == [True, True, False]


def test_what_takes_much_is_read_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a quick worker gives up, the others end first, as they take memory too."""
    quick = Lane([MoreNeededError("more memory")])
    patient = Lane([Outcome("a: 1", False)])
    waited: list[int] = []
    monkeypatch.setattr("app.predict.wait", lambda others: waited.append(len(others)))
    found = recognise_all(workers(quick, patient), sources("a", "b", "c"), False, 0)
    assert next(found) == Outcome("a: 1", False)
    assert waited == [2]
    assert patient.begun == [("a", None, False, False)]
    assert [outcome.line for outcome in found] == ["b: 7", "c: 7"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (TooLargeError("not read within 7 s"), "not read within 7 s"),
        (RuntimeError("one\n  two"), "an internal error: RuntimeError: one two"),
        (ValueError("x" * 300), "an internal error: ValueError: " + "x" * 169),
    ],
)
@pytest.mark.parametrize("is_patient", [False, True])
def test_a_picture_that_cannot_be_read_gives_one_line(
    fault: Exception, reason: str, is_patient: bool
) -> None:
    """What goes wrong with one picture, in either kind of worker, does not keep others from it."""
    quick = Lane([MoreNeededError("more memory") if is_patient else fault])
    found = recognise_all(workers(quick, Lane([fault])), sources("a", "b"), False, 0)
    assert [*found] == [Outcome(f"a: {reason}", True), Outcome("b: 7", False)]


def test_a_source_with_a_fault_is_told_in_its_place() -> None:
    """No worker is asked about a folder without pictures."""
    lane, reason = Lane(), "a folder without pictures"
    found = recognise_all(workers(lane), [Source("a"), Source("no", reason)], True, 0)
    assert [outcome.line for outcome in found] == [
        "a: 7",
        '{"path": "no", "error": "a folder without pictures"}',
    ]
    assert len(lane.begun) == 1


@pytest.mark.parametrize("is_json", [False, True])
def test_a_closed_standard_input(monkeypatch: pytest.MonkeyPatch, is_json: bool) -> None:
    """It is an error of one line."""
    monkeypatch.setattr(sys, "stdin", None)
    [outcome] = recognise_all(workers(Lane()), sources("-"), is_json, 0)
    as_json = '{"path": "-", "error": "standard input is closed"}'
    assert outcome == Outcome(as_json if is_json else "-: standard input is closed", True)
