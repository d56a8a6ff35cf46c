import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.conftest import drawn, encoded
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a three, a row, a blank sheet, text that is called a picture, and text."""
    drawn(3).save(tmp_path / "a-three.png")
    drawn(1, 0, 2).save(tmp_path / "b-row.jpg")
    drawn(3, ink="white").save(tmp_path / "c-blank.png")
    (tmp_path / "d-text.png").write_text("no picture")
    (tmp_path / "notes.txt").write_text("not looked at")
    return tmp_path


def predict(model: Path, *arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run the command; return exit code, output and errors."""
    result = subprocess.run(
        [sys.executable, "-m", "app.predict", "--model", model, *map(str, arguments)],
        cwd=PROJECT,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_a_line_for_each(model: Path, folder: Path) -> None:
    """Path, digit, confidence and runner-up; what cannot be read goes to stderr."""
    code, output, errors = predict(model, folder)
    assert code == 1
    first, second = output.splitlines()
    assert first.startswith(f"{folder}/a-three.png: 3 (")
    assert "%), then " in first
    assert second.startswith(f"{folder}/b-row.jpg: 1 0 2: 1 (")
    blank, text = errors.splitlines()
    assert blank == f"{folder}/c-blank.png: no digit: the sheet is blank"
    assert text.startswith(f"{folder}/d-text.png: no picture in a known format")


def test_json(model: Path, folder: Path) -> None:
    """An object a line with the keys that were promised."""
    code, output, errors = predict(model, folder, "--json")
    assert (code, errors) == (1, "")
    three, row, blank, text = map(json.loads, output.splitlines())
    assert list(three) == ["path", "digit", "confidence", "probabilities"]
    assert three["digit"] == 3
    assert len(three["probabilities"]) == 10
    assert three["confidence"] == max(three["probabilities"])
    assert list(row) == [*three, "box"]
    assert row["digit"] == [1, 0, 2]
    assert [box[0] // 100 for box in row["box"]] == [0, 1, 2]
    assert list(blank) == list(text) == ["path", "error"]


def test_standard_input_and_success(model: Path) -> None:
    """A dash reads a picture from standard input; exit code 0 when all were read."""
    code, output, errors = predict(model, "-", stdin=encoded(drawn(7)))
    assert (code, errors) == (0, "")
    assert output.startswith("-: 7 (")


def test_shows_the_steps(model: Path, folder: Path) -> None:
    """A row of pictures for each that could be opened, also for the blank one."""
    code, _, _ = predict(model, folder, "--show", folder / "steps.png")
    assert code == 1
    from PIL import Image

    with Image.open(folder / "steps.png") as picture:
        assert picture.size == (7 * 172, 3 * 172)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: PICTURE"),
        (["x.png", "--show", "steps.pdf"], "expected a name that ends in .png"),
        (["x.png", "--frobnicate"], "unrecognized arguments"),
        (["x.png", "--model", "nowhere.tflite"], "nowhere.tflite: No such file or directory"),
        (["x.png", "--model", "README.md"], "README.md: no model that can be loaded"),
    ],
)
def test_wrong_use(model: Path, arguments: list[str], message: str) -> None:
    """Exit code 2 and a line that says what is wrong."""
    code, output, errors = predict(model, *arguments)
    assert (code, output) == (2, "")
    assert message in errors
    assert "Traceback" not in errors


def test_who_reads_the_output_may_stop(model: Path, folder: Path) -> None:
    """Nothing is said of it."""
    reading, writing = os.pipe()
    os.close(reading)
    assert printing_to(writing, model, folder / "a-three.png") == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="not on this system")
def test_no_space_for_the_output(model: Path, folder: Path) -> None:
    """One line."""
    full = os.open("/dev/full", os.O_WRONLY)
    message = "error: standard output: No space left on device\n"
    assert printing_to(full, model, folder / "a-three.png") == (1, message)


def printing_to(output: int, model: Path, picture: Path) -> tuple[int, str]:
    """Run the command with this output, buffered as a shell's pipe is; close it."""
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
    """It is a picture that cannot be read."""
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


def test_control_c_ends_the_waiting_for_input(model: Path) -> None:
    """One line, not a traceback, and at once."""
    code = (
        "import runpy, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's & ignores it
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
        assert process.stderr.readline().startswith("missing.png: ")  # next it waits for input
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 1
        assert process.stderr.read() == "error: interrupted\n"


def test_a_name_that_is_no_text(model: Path, tmp_path: Path) -> None:
    """Bytes that are no UTF-8, and a line break, do not stop it or make two lines."""
    for name in (b"\xff.png", b"a\nb.png"):
        drawn(2).save(tmp_path / "picture.png")
        (tmp_path / "picture.png").rename(tmp_path / os.fsdecode(name))
    code, output, errors = predict(model, tmp_path)
    assert (code, errors) == (0, "")
    assert len(output.splitlines()) == 2


def test_imports_no_tensorflow(model: Path, folder: Path) -> None:
    """Reading a picture imports neither it nor Keras, whose start takes seconds."""
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('app.predict', run_name='__main__')\n"
        "finally: print(*sorted(sys.modules))"
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
    assert "app.reader" in modules.split()
    assert not {"tensorflow", "keras"} & set(modules.split())


def test_reads_every_picture_of_a_large_folder(model: Path, tmp_path: Path) -> None:
    """Hundreds of pictures give as many lines, in the order of their names."""
    content = encoded(drawn(3))
    names = [f"{number:03}.png" for number in range(300)]
    for name in names:
        (tmp_path / name).write_bytes(content)
    code, output, _ = predict(model, tmp_path)
    assert code == 0
    assert [Path(line.partition(":")[0]).name for line in output.splitlines()] == names
