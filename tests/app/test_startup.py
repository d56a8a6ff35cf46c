import io
import os
import sys
from collections.abc import Iterator
from fcntl import F_GETFL, fcntl
from itertools import chain
from pathlib import Path

import pytest

from app.classes import DIGITS, Classes, ClassesError
from app.models import CHARACTERS, COMMITTED, ROWS, TRAINED
from app.startup import known_classes, prepare_streams, started_workers
from app.workers import ModelError


def test_the_classes_are_those_of_the_file(tmp_path: Path) -> None:
    """A model has the classes that are given with it, else those of a model of digits."""
    names = tmp_path / "names.json"
    names.write_text('{"classes": ["yes", "no"]}')
    assert known_classes(Path("my.tflite"), names) == ("yes", "no")
    assert known_classes(Path("my.tflite")) == DIGITS


def test_unknown_classes_end_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 2, and one line on stderr says which file is wrong."""
    with pytest.raises(SystemExit) as end:
        known_classes(Path("my.tflite"), Path("no.json"))
    output, errors = capsys.readouterr()
    assert (end.value.code, output, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("error: no.json: No such file or directory; expected a file of ")


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        (Path("my.tflite"), "expected a .tflite file, such as app/model.tflite"),
        (TRAINED, "type `dvc repro`"),
        (COMMITTED, "type `git restore app/model.tflite`"),
        (CHARACTERS, "type `git restore handwriting/characters.tflite`"),
        (ROWS, "type `git restore handwriting/rows.tflite`"),
    ],
)
def test_a_model_that_cannot_be_loaded_ends_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: Path, remedy: str
) -> None:
    """The line names the file, the model or a network beside it, and what brings it back."""

    def refuse(*_: object) -> None:
        raise ModelError(path, "no model that can be loaded")

    monkeypatch.setattr("app.startup.Workers", refuse)
    with pytest.raises(SystemExit) as end:
        started_workers(COMMITTED)
    assert end.value.code == 2
    assert capsys.readouterr() == ("", f"error: {path}: no model that can be loaded; {remedy}\n")


def test_workers_know_the_model_and_its_classes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are started with both; a model that has other classes ends the program."""
    given: list[tuple[Path, Classes]] = []
    monkeypatch.setattr("app.startup.Workers", lambda *arguments: given.append(arguments))
    started_workers(COMMITTED, ("yes", "no"))
    started_workers(COMMITTED)
    assert given == [(COMMITTED, ("yes", "no")), (COMMITTED, DIGITS)]

    def refuse(model: Path, classes: Classes) -> None:
        raise ClassesError(f"{model}: found 10 outputs, expected {len(classes)}")

    monkeypatch.setattr("app.startup.Workers", refuse)
    with pytest.raises(SystemExit) as end:
        started_workers(COMMITTED, ("yes", "no"))
    assert end.value.code == 2
    assert capsys.readouterr() == ("", f"error: {COMMITTED}: found 10 outputs, expected 2\n")


@pytest.fixture
def descriptors() -> Iterator[None]:
    """Give the three standard descriptors back as they were."""
    saved = [os.dup(descriptor) for descriptor in range(3)]
    yield
    for descriptor, copy in enumerate(saved):
        os.dup2(copy, descriptor)
        os.close(copy)


@pytest.mark.usefixtures("descriptors")
def test_a_stream_waits_for_its_other_end() -> None:
    """Who shares a pipe may have set it not to wait, and then a long output would be cut off."""
    pipes = [os.pipe() for _ in range(3)]
    for descriptor, (read_end, _) in enumerate(pipes):
        os.dup2(read_end, descriptor)
        os.set_blocking(descriptor, False)
    prepare_streams()
    assert all(map(os.get_blocking, range(3)))
    for end in chain(*pipes):
        os.close(end)


@pytest.mark.usefixtures("descriptors")
def test_nothing_takes_the_place_of_a_closed_stream() -> None:
    """Else a picture that is opened next would be what the program prints to."""
    nothing = Path(os.devnull).stat().st_rdev
    for descriptor in range(3):
        os.close(descriptor)
    prepare_streams()
    assert [os.fstat(descriptor).st_rdev for descriptor in range(3)] == [nothing] * 3
    assert [fcntl(each, F_GETFL) & os.O_ACCMODE for each in range(3)] == [os.O_RDWR] * 3


def test_without_standard_output_the_program_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could read what it finds."""
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SystemExit) as end:
        prepare_streams()
    assert end.value.code == (
        "error: standard output is closed; expected a file or a program that reads it"
    )


@pytest.mark.parametrize("has_errors", [True, False])
def test_a_name_that_is_no_text_can_be_printed(
    monkeypatch: pytest.MonkeyPatch, has_errors: bool
) -> None:
    """The bytes of a file's name that are no text are printed by their numbers, on both streams."""
    files = {"stdout": io.BytesIO(), "stderr": io.BytesIO()}
    for name, file in files.items():
        monkeypatch.setattr(sys, name, io.TextIOWrapper(file, "utf-8"))
    if not has_errors:
        monkeypatch.setattr(sys, "stderr", None)
    prepare_streams()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        print("\udcff.png", file=stream, flush=True)
    assert files["stdout"].getvalue() == b"\\udcff.png\n"
    assert files["stderr"].getvalue() == (b"\\udcff.png\n" if has_errors else b"")
