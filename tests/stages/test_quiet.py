"""The import that hides TensorFlow's start-up messages, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.quiet import import_quietly
from tests.conftest import PROJECT

NOISY = r"""
import os, sys
os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written\n")
os.write(2, b"I0000 00:00:1 1 port.cc:1] oneDNN custom operations are on.\n")
os.write(2, b"E0000 00:00:1 1 cuda.cc:1] a real error\n")
print("a warning of Python", file=sys.stderr)
"""


@pytest.fixture
def noisy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the file of a module `noisy`, which logs as TensorFlow does."""
    path = tmp_path / "noisy.py"
    path.write_text(NOISY)
    monkeypatch.syspath_prepend(tmp_path)
    yield path
    sys.modules.pop("noisy", None)


def test_only_start_up_messages_are_hidden(
    noisy: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Errors and Python's own output stay, in their order, and so does all before and after."""
    noisy.write_text(f"{NOISY}print('I0000 a start-up message of Python', file=sys.stderr)\n")
    with open(2, "w", closefd=False) as stderr, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stderr)
        print("I0000 before the import", file=stderr)
        print(import_quietly("noisy").__name__, file=stderr)
        print("I0000 after the import", file=stderr)
    assert capfd.readouterr().err.splitlines() == [
        "I0000 before the import",
        "E0000 00:00:1 1 cuda.cc:1] a real error",
        "a warning of Python",
        "noisy",
        "I0000 after the import",
    ]


def test_a_failed_import_keeps_its_error(noisy: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The exception of the import reaches the caller, and stderr works afterwards."""
    noisy.write_text(f"{NOISY}import nowhere")
    with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere'"):
        import_quietly("noisy")
    os.write(2, b"I0000 after the import\n")
    assert "a real error\nI0000 after the import\n" in capfd.readouterr().err


@pytest.mark.slow
def test_a_crash_keeps_its_message(noisy: Path) -> None:
    """What is written just before the process aborts is not lost."""
    noisy.write_text(f"{NOISY}os.write(2, b'F0000 this CPU has no AVX\\n')\nos.abort()")
    code = "from stages.quiet import import_quietly; import_quietly('noisy')"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{PROJECT}{os.pathsep}{noisy.parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "a real error\n" in result.stderr
    assert "this CPU has no AVX\n" in result.stderr
