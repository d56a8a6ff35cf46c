"""The command in this process, with workers that need no process of their own."""

import errno
import io
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from app import predict
from app.classes import DIGITS, Classes
from app.models import default_model, describe
from app.reader import Reader
from tests.app.conftest import drawn, encoded
from tests.app.lanes import workers_here

Run = Callable[..., tuple[int | str | None, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder: a three, a row of digits, a blank sheet, a text named .png, a text file."""
    drawn(3).save(tmp_path / "a-three.png")
    drawn(1, 0, 2).save(tmp_path / "b-row.jpg")
    drawn(3, ink="white").save(tmp_path / "c-blank.png")
    (tmp_path / "d-text.png").write_text("not a picture")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden").write_text("left by the system")
    return tmp_path


@pytest.fixture
def started(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Classes]]:
    """Give a list that receives the model and the classes with which workers are started."""
    models: list[tuple[Path, Classes]] = []

    def start(model: Path, classes: Classes) -> object:
        models.append((model, classes))
        return workers_here(reader)

    monkeypatch.setattr(predict, "started_workers", start)
    return models


@pytest.fixture
def run(
    started: list[tuple[Path, Classes]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give a function that runs the command; it returns exit code, output and errors."""

    def run(*arguments: object) -> tuple[int | str | None, str, str]:
        monkeypatch.setattr(sys, "argv", ["predict", *map(str, arguments)])
        code: int | str | None
        try:
            code = predict.main()
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return run


def test_a_line_for_each_picture(run: Run, folder: Path) -> None:
    """A line has path, digit, confidence and runner-up; errors go to stderr."""
    code, output, errors = run(folder)
    assert code == 1
    first, second = output.splitlines()
    assert first.startswith(f"{folder}/a-three.png: 3 (")
    assert " %), then " in first
    assert second.startswith(f"{folder}/b-row.jpg: 102 (")
    assert " %): 1 (" in second
    blank, text, others = errors.splitlines()
    assert blank == f"{folder}/c-blank.png: no digit: the sheet is blank"
    assert text.startswith(f"{folder}/d-text.png: not a picture in a known format")
    assert others == f"{folder}: 1 in this folder not read: 'notes.txt'"


def test_json(run: Run, folder: Path) -> None:
    """Each line is an object with the documented keys, an error's too."""
    code, output, errors = run(folder, "--json")
    assert (code, errors) == (1, "")
    three, row, blank, text, others = map(json.loads, output.splitlines())
    assert list(three) == ["path", "digit", "confidence", "probabilities", "none"]
    assert three["digit"] == 3
    assert len(three["probabilities"]) == 10
    assert three["confidence"] == max(three["probabilities"])
    assert three["none"] < 0.5
    assert list(row) == ["path", "text", "row_confidence", *[*three][1:], "box"]
    assert row["text"] == "102"
    assert 0.5 < row["row_confidence"] <= min(row["confidence"])
    assert len(row["none"]) == 3
    assert row["digit"] == [1, 0, 2]
    assert [box[0] // 100 for box in row["box"]] == [0, 1, 2]
    assert list(blank) == list(text) == list(others) == ["path", "error"]


def test_success_is_told_by_the_exit_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 0 if all is recognised, here of standard input, and 1 if that is closed."""
    content = io.BytesIO(encoded(drawn(7)))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=content))
    code, output, errors = run("-")
    assert (code, errors, output.count("\n")) == (0, "", 1)
    assert output.startswith("-: 7 (")
    monkeypatch.setattr(sys, "stdin", None)
    assert run("-") == (1, "", "-: standard input is closed\n")


def test_shows_the_steps(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the first pictures that can be decoded has a row of steps, the blank sheet too."""
    code, _, _ = run(folder, "--show", folder / "steps.PNG")
    assert code == 1
    with Image.open(folder / "steps.PNG") as picture:
        assert picture.format == "PNG"
        assert picture.size == (8 * 172, 3 * 196)
        names = np.asarray(picture)[:24]
        assert all(names[:, 172 * index :][:, :172].min() < 50 for index in range(6))
        assert names[:, 172 * 6 :].min() == 255

    monkeypatch.setattr(predict, "MAX_SHOWN", 1)
    run(*[folder / "c-blank.png"] * 2, "--show", folder / "steps.png")
    with Image.open(folder / "steps.png") as picture:
        assert picture.size == (5 * 172, 196)


def test_shows_whole_or_not_at_all(run: Run, folder: Path) -> None:
    """--show replaces no picture that is read, and says why it cannot write."""
    three = folder / "a-three.png"
    before = three.read_bytes()
    code, output, errors = run("no.png", three, "--show", three)
    assert (code, output) == (2, "")
    reason = f"--show: {three} is one of the pictures; expected another name"
    assert errors.splitlines()[-1] == f"python -m app.predict: error: {reason}"
    assert three.read_bytes() == before

    nowhere = folder / "no" / "steps.png"
    code, output, errors = run(folder / "c-blank.png", "--show", nowhere)
    assert (code, output) == (2, "")
    error = f"error: --show: {nowhere}: No such file or directory"
    assert errors.splitlines()[1:] == [error]


def test_a_picture_that_is_not_there_is_not_replaced_either(run: Run, folder: Path) -> None:
    """A path to nothing, or to what can be no file, is no reason not to draw the others."""
    steps = folder / "steps.png"
    steps.write_bytes(b"before")
    code, output, errors = run("no.png", "a\0b.png", folder / "a-three.png", "--show", steps)
    assert (code, output.count("\n"), errors.count("\n")) == (1, 1, 2)
    assert steps.read_bytes().startswith(b"\x89PNG")


def test_version_names_the_model(
    run: Run, model: Path, started: list[tuple[Path, Classes]]
) -> None:
    """--version says which model is used, how accurate it is, and needs no picture."""
    assert run("--version", "--model", model) == (0, f"{describe(model)}\n", "")
    assert run("--version", "no.png") == (0, f"{describe(default_model())}\n", "")
    assert started == [(model, DIGITS), (default_model(), DIGITS)]


def test_the_workers_know_the_classes(
    run: Run, model: Path, started: list[tuple[Path, Classes]], tmp_path: Path
) -> None:
    """The file that --classes names goes before what is known of the model."""
    names = tmp_path / "names.json"
    names.write_text('{"classes": ["yes", "no"]}')
    run("no.png", "--model", model, "--classes", names)
    assert started == [(model, ("yes", "no"))]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: PICTURE"),
        (["x.png", "--show", "x.pdf"], "--show: found x.pdf, expected a name that ends in .png"),
        (["x.png", "--frobnicate"], "unrecognized arguments: --frobnicate"),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], message: str) -> None:
    """Wrong usage ends with exit code 2, and the last line says what is wrong."""
    code, output, errors = run(*arguments)
    assert (code, output) == (2, "")
    assert errors.splitlines()[-1] == f"python -m app.predict: error: {message}"


@pytest.mark.parametrize("content", ["", "[]"])
def test_a_file_of_no_classes_is_refused(run: Run, tmp_path: Path, content: str) -> None:
    """The exit code is 2, and one line says what the file should have."""
    path = tmp_path / "names.json"
    path.write_text(content)
    code, output, errors = run("x.png", "--classes", path)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert errors.startswith(f"error: {path}: found ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="not on this system")
def test_a_full_disk_is_noticed_before_the_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads the output later would else find a part of it, and exit code 0."""
    fault = 0
    with suppress(OSError), Path("/dev/full").open("w") as full:  # closing it fails once more
        monkeypatch.setattr(sys, "stdout", full)
        try:
            run("no.png", "--json")
        except OSError as error:
            fault = error.errno or 0
    assert fault == errno.ENOSPC
