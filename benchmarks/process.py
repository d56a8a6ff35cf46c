"""Measuring in a process of its own, whose memory and threads are nobody else's."""

import subprocess
import sys

from stages.command import StageError


def output_of(what: str, *arguments: str) -> str:
    """Run Python with `arguments`; return what it prints.

    Its errors go to stderr at once; if it fails, a `StageError` says that `what` did.
    """
    command = [sys.executable, *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise StageError(f"{what} ended with {result.returncode}: see above")
    return result.stdout
