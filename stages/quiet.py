"""Importing a module without the messages that TensorFlow logs while it is loaded."""

import importlib
import os
import subprocess
import sys
from types import ModuleType

# Log lines of the level INFO, and the line that announces them. TensorFlow has no setting for them.
STARTUP_MESSAGE = "^(WARNING: All log messages before absl::InitializeLog|I[0-9]{4} )"


def import_quietly(name: str) -> ModuleType:
    """Import a module; of what is written to stderr meanwhile, only start-up messages are lost.

    Another process filters the lines, so that a crash cannot lose the message that explains it.
    """
    sys.stderr.flush()
    stderr = os.dup(2)  # TensorFlow writes to the descriptor, not to sys.stderr
    command = ["grep", "--line-buffered", "-v", "-E", STARTUP_MESSAGE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stderr) as grep:  # noqa: S603
        assert grep.stdin  # noqa: S101 - for the type checker
        os.dup2(grep.stdin.fileno(), 2)
        try:
            return importlib.import_module(name)
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
