"""The import that hides TensorFlow's start-up messages, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

NOISY = r"""
import os, sys
os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written\n")
os.write(2, b"I0000 00:00:1 1 port.cc:1] oneDNN custom operations are on.\n")
os.write(2, b"E0000 00:00:1 1 cuda.cc:1] a real error\n")
print("a warning of Python", file=sys.stderr)
"""


def import_noisy(folder: Path, ending: str) -> tuple[int, str]:
    """Import a module that logs as TensorFlow does, then `ending`; return exit code and stderr."""
    (folder / "noisy.py").write_text(NOISY + ending)
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    code += "from stages.quiet import import_quietly\n"
    code += "module = import_quietly('noisy')\nprint(module.__name__, file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return result.returncode, result.stderr


@pytest.mark.slow
def test_only_start_up_messages_are_hidden(tmp_path: Path) -> None:
    """Errors and Python's own output stay, in their order, and stderr works afterwards."""
    code, errors = import_noisy(tmp_path, "")
    assert code == 0
    assert errors == "E0000 00:00:1 1 cuda.cc:1] a real error\na warning of Python\nnoisy\n"


@pytest.mark.slow
def test_a_crash_keeps_its_message(tmp_path: Path) -> None:
    """What is written just before the process aborts is not lost."""
    ending = 'os.write(2, b"F0000 this CPU has no AVX\\n")\nos.abort()'
    code, errors = import_noisy(tmp_path, ending)
    assert code != 0
    assert "a real error\n" in errors
    assert "this CPU has no AVX\n" in errors


@pytest.mark.slow
def test_a_failed_import_keeps_its_error(tmp_path: Path) -> None:
    """The exception of the import reaches the caller."""
    code, errors = import_noisy(tmp_path, "import nowhere")
    assert code == 1
    assert errors.rstrip().endswith("No module named 'nowhere'")
