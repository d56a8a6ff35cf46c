import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.models import COMMITTED, TRAINED
from tests.app.conftest import NAMES, Named, drawn, encoded
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


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


def predict(model: Path, *arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run the command; return exit code, output and errors."""
    result = subprocess.run(
        [sys.executable, "-m", "app.predict", "--model", model, *map(str, arguments)],
        cwd=PROJECT,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=100,
    )
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_a_line_for_each_picture(model: Path, folder: Path) -> None:
    """A line has path, digit, confidence and runner-up; errors go to stderr."""
    code, output, errors = predict(model, folder)
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


def test_json(model: Path, folder: Path) -> None:
    """Each line is an object with the documented keys."""
    code, output, errors = predict(model, folder, "--json")
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


def test_names_other_classes(named: Named, tmp_path: Path) -> None:
    """A picture of any size is named, in the text and in JSON; no digit is spoken of."""
    for name, level in (("a.png", 0), ("b.png", 128)):
        Image.new("L", (60, 40), level).save(tmp_path / name)
    given = ("--classes", named.classes, tmp_path)
    code, output, errors = predict(named.model, *given, "--show", tmp_path / "steps.png")
    assert (code, errors) == (0, "")
    assert output.splitlines() == [
        f"{tmp_path}/a.png: ankle boot (99.9 %), then T-shirt/top (0.1 %)",
        f"{tmp_path}/b.png: T-shirt/top (99.9 %), then {NAMES[2]} (0.1 %)",
    ]
    with Image.open(tmp_path / "steps.png") as picture:
        assert picture.size == (2 * 172, 2 * 196)
    (tmp_path / "steps.png").unlink()

    code, output, errors = predict(named.model, *given, "--json")
    boot, shirt = map(json.loads, output.splitlines())
    assert list(boot) == ["path", "class", "confidence", "probabilities"]
    assert [boot["class"], shirt["class"]] == [*NAMES[:2]]
    assert list(shirt["probabilities"]) == [*NAMES]
    assert shirt["confidence"] == shirt["probabilities"]["T-shirt/top"]


def test_refuses_classes_that_do_not_fit(model: Path, named: Named) -> None:
    """The line says how many there are, how many are expected, and what to type."""
    advice = "name its classes with --classes FILE"
    code, output, errors = predict(named.model, "x.png")
    assert (code, output, errors.count("\n")) == (2, "", 1)
    start = f"error: {named.model}: found 3 outputs, expected 10, one for each class: 0, 1, 2, ..."
    assert errors == f"{start}; {advice}\n"
    code, output, errors = predict(model, "x.png", "--classes", named.classes)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert errors.startswith(f"error: {model}: found 10 outputs, expected 3, ")


def test_standard_input_and_success(model: Path) -> None:
    """A dash stands for standard input; the exit code is 0 if all pictures are recognised."""
    code, output, errors = predict(model, "-", stdin=encoded(drawn(7)))
    assert (code, errors) == (0, "")
    assert output.startswith("-: 7 (")


def test_shows_the_steps(model: Path, folder: Path) -> None:
    """Each decoded picture has a row of steps, including the blank sheet."""
    code, _, _ = predict(model, folder, "--show", folder / "steps.png")
    assert code == 1
    with Image.open(folder / "steps.png") as picture:
        assert picture.size == (8 * 172, 3 * 196)
        names = np.asarray(picture)[:24]
        assert all(names[:, 172 * index :][:, :172].min() < 50 for index in range(6))
        assert names[:, 172 * 6 :].min() == 255


def test_shows_whole_or_not_at_all(model: Path, folder: Path) -> None:
    """--show replaces no picture that is read, and says why it cannot write."""
    before = (folder / "a-three.png").read_bytes()
    code, output, errors = predict(model, folder, "--show", folder / "a-three.png")
    assert (code, output) == (2, "")
    assert "a-three.png is one of the pictures; expected another name" in errors
    assert (folder / "a-three.png").read_bytes() == before

    code, _, errors = predict(model, folder / "a-three.png", "--show", folder / "no" / "steps.png")
    assert code == 2
    assert errors.splitlines()[-1].endswith("steps.png: No such file or directory")


def test_version_names_the_model(model: Path) -> None:
    """--version says which model is used, how accurate it is, and needs no picture."""
    code, output, errors = predict(model, "--version")
    assert (code, errors) == (0, "")
    assert output.startswith(f"{model}, the committed model: ")
    result = subprocess.run(
        [sys.executable, "-m", "app.predict", "--version"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    known = (f"{TRAINED}, trained here: ", f"{COMMITTED}, the committed model: ")
    assert result.stdout.startswith(known)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: PICTURE"),
        (["x.png", "--show", "steps.pdf"], "expected a name that ends in .png"),
        (["x.png", "--frobnicate"], "unrecognized arguments"),
        (["x.png", "--model", "nowhere.tflite"], "nowhere.tflite: No such file or directory"),
        (["x.png", "--model", "README.md"], "README.md: no model that can be loaded"),
        (["x.png", "--classes", "nowhere.json"], "nowhere.json: No such file or directory"),
        (["x.png", "--classes", "README.md"], "README.md: found no JSON, expected {"),
        (["x.png", "--model", "/dev/zero"], "/dev/zero: not a regular file"),
    ],
)
def test_wrong_usage(model: Path, arguments: list[str], message: str) -> None:
    """Wrong usage ends with exit code 2 and a line that names the error."""
    code, output, errors = predict(model, *arguments)
    assert (code, output) == (2, "")
    assert message in errors
    assert "Traceback" not in errors


def test_a_closed_pipe_gives_no_error(model: Path, folder: Path) -> None:
    """The command ends silently when the program that reads its output has ended."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    assert printing_to(write_end, model, folder / "a-three.png") == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="not on this system")
def test_no_space_for_the_output(model: Path, folder: Path) -> None:
    """A full disk is an error of one line."""
    full = os.open("/dev/full", os.O_WRONLY)
    message = "error: standard output: No space left on device\n"
    assert printing_to(full, model, folder / "a-three.png") == (1, message)


def printing_to(output: int, model: Path, picture: Path) -> tuple[int, str]:
    """Run the command with this file descriptor as its buffered output, then close it."""
    result = subprocess.run(
        [sys.executable, "-m", "app.predict", "--model", str(model), str(picture)],
        cwd=PROJECT,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"},
    )
    os.close(output)
    return result.returncode, result.stderr


def test_closed_standard_input(model: Path) -> None:
    """A closed standard input is an error of one line."""
    code = (
        "import runpy, sys; sys.stdin = None; runpy.run_module('app.predict', run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "--model", model, "-"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (1, "-: standard input is closed\n")


def test_ctrl_c_ends_waiting_for_input(model: Path) -> None:
    """Ctrl-C ends the command at once, with one line instead of a traceback."""
    code = (
        "import runpy, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's & disables it
        "runpy.run_module('app.predict', run_name='__main__')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "--model", model, "missing.png", "-"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        assert process.stderr.readline().startswith(
            "missing.png: "
        )  # now it waits for standard input
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 1
        assert process.stderr.read() == "error: interrupted\n"


def test_file_names_that_are_not_plain_text(model: Path, tmp_path: Path) -> None:
    """A file name that is not valid UTF-8 or has a line break gives one line."""
    for name in (b"\xff.png", b"a\nb.png"):
        drawn(2).save(tmp_path / "picture.png")
        (tmp_path / "picture.png").rename(tmp_path / os.fsdecode(name))
    code, output, errors = predict(model, tmp_path)
    assert (code, errors) == (0, "")
    assert len(output.splitlines()) == 2


def test_imports_no_tensorflow(model: Path, folder: Path) -> None:
    """The workers import neither TensorFlow nor Keras, and the command not even NumPy."""
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('app.predict', run_name='__main__')\n"
        "finally: print(*sorted(sys.modules))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "--model", model, folder / "a-three.png"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    answer, modules = result.stdout.splitlines()
    assert "a-three.png: 3 (" in answer
    assert "app.workers" in modules.split()
    assert not {"tensorflow", "keras", "numpy", "PIL"} & set(modules.split())

    code = "import app.reader, app.montage, sys; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert not {"tensorflow", "keras"} & set(result.stdout.split())


def test_a_large_folder(model: Path, tmp_path: Path) -> None:
    """Three hundred pictures give 300 lines, in the order of their names."""
    content = encoded(drawn(3))
    names = [f"{index:03}.png" for index in range(300)]
    for name in names:
        (tmp_path / name).write_bytes(content)
    code, output, _ = predict(model, tmp_path)
    assert code == 0
    assert [Path(line.partition(":")[0]).name for line in output.splitlines()] == names
