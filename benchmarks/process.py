"""Run a measurement in a process of its own, with its own memory and threads."""

import subprocess
import sys

from stages.shared.cli import StageError


def output_of(what: str, *arguments: str) -> str:
    """Run Python with `arguments`; return what it prints.

    Its errors go to stderr at once. Raises `StageError`, which names it as `what`, if it fails.
    """
    command = [sys.executable, *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise StageError(f"{what} ended with {result.returncode}: see above")
    return result.stdout
