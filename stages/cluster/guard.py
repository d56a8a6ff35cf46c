"""Clean up after a Ray cluster of this machine, however the process that started it ends.

`python -m stages.cluster.guard FOLDER` waits until its standard input is closed. Then it kills the
processes that use FOLDER, and removes it. Ray's own agents outlive a killed driver by a minute.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

PATIENCE = 10.0  # seconds


def main() -> None:
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clean_up(Path(sys.argv[1]))


def clean_up(folder: Path) -> None:
    """Kill all processes that use a folder, but for this one and its parent; remove the folder."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and (left := users(folder)):
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=1)
    shutil.rmtree(folder, ignore_errors=True)


def users(folder: Path) -> list[psutil.Process]:
    """Return the processes that name a folder in their command line, or have a file of it open.

    This process and its parent are left out.
    """
    own = {os.getpid(), os.getppid()}
    return [p for p in psutil.process_iter() if p.pid not in own and _uses(p, str(folder))]


def _uses(process: psutil.Process, folder: str) -> bool:
    try:
        paths = [*process.cmdline(), *(file.path for file in process.open_files())]
    except psutil.Error:
        return False
    return any(folder in path for path in paths)


if __name__ == "__main__":
    main()
