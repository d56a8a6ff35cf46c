"""The command in a process of its own, with its workers."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.app.conftest import NAMES, Named, drawn, encoded
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Give a picture of a three."""
    path = tmp_path / "three.png"
    drawn(3).save(path)
    return path


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


def test_a_file_that_is_no_model_is_refused(model: Path) -> None:
    """The workers find it out; the command ends with exit code 2 and a line that names the file."""
    code, output, errors = predict(model, "x.png", "--model", "README.md")
    assert (code, output) == (2, "")
    assert errors == (
        "error: README.md: no model that can be loaded; "
        "expected a .tflite file, such as app/model.tflite\n"
    )


def test_a_closed_pipe_gives_no_error(model: Path, three: Path) -> None:
    """The command ends silently when the program that reads its output has ended."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    assert printing_to(write_end, model, three) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="not on this system")
def test_no_space_for_the_output(model: Path, three: Path) -> None:
    """A full disk is an error of one line."""
    full = os.open("/dev/full", os.O_WRONLY)
    message = "error: standard output: No space left on device\n"
    assert printing_to(full, model, three) == (1, message)


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
        assert process.wait() == 1
        assert process.stderr.read() == "error: interrupted\n"


def test_file_names_that_are_not_plain_text(model: Path, tmp_path: Path) -> None:
    """A file name that is not valid UTF-8 or has a line break gives one line."""
    for name in (b"\xff.png", b"a\nb.png"):
        drawn(2).save(tmp_path / "picture.png")
        (tmp_path / "picture.png").rename(tmp_path / os.fsdecode(name))
    code, output, errors = predict(model, tmp_path)
    assert (code, errors) == (0, "")
    assert len(output.splitlines()) == 2


def test_imports_no_tensorflow(model: Path, three: Path) -> None:
    """The workers import neither TensorFlow nor Keras, and the command not even NumPy."""
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('app.predict', run_name='__main__')\n"
        "finally: print(*sorted(sys.modules))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "--model", model, three],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    answer, modules = result.stdout.splitlines()
    assert "three.png: 3 (" in answer
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
