import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from stages.cluster import guard
from tests.conftest import PROJECT


@pytest.fixture
def signals() -> Iterator[None]:
    """Set the handlers of signals again at the end."""
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


@pytest.mark.usefixtures("signals")
def test_the_guard_waits_for_the_end_of_its_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it kills what names the folder or has a file of it open, and removes the folder.

    A signal that ends the driver must not end the guard.
    """
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "log").touch()
    (tmp_path / "log").touch()
    reads = SimpleNamespace(buffer=io.BytesIO(b"x"))
    with (tmp_path / "ray" / "log").open() as log, (tmp_path / "log").open() as other:
        programs = [
            subprocess.Popen(["true"]),
            subprocess.Popen(["sleep", "600"], stdin=log),
            subprocess.Popen(["tail", "-f", tmp_path / "ray" / "log"], stdout=subprocess.DEVNULL),
            subprocess.Popen(["sleep", "600"], stdin=other),
        ]
        # This process has the file open too; it and its parent are spared.
        pids = [os.getpid(), os.getppid(), *(program.pid for program in programs)]
        processes = [psutil.Process(pid) for pid in pids]
        programs[0].wait()
        monkeypatch.setattr(psutil, "process_iter", lambda: processes)
        monkeypatch.setattr(sys, "stdin", reads)
        monkeypatch.setattr(sys, "argv", ["guard", str(tmp_path / "ray")])
        try:
            guard.main()
            assert [program.poll() is None for program in programs] == [False, False, False, True]
        finally:
            for program in programs:
                program.kill()
                program.wait()
    assert reads.buffer.read() == b""
    handlers = [signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)]
    assert handlers == [signal.SIG_IGN] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    guard.clean_up(tmp_path / "ray")  # the second time there is nothing to do


def test_a_process_that_cannot_be_killed_is_left_after_ten_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that waits for a disk, say; it is killed again each second."""
    kills: list[float] = []
    now = [0.0]
    process = SimpleNamespace(
        pid=-1,
        cmdline=lambda: [str(tmp_path)],
        open_files=list,
        kill=lambda: kills.append(now[0]),
    )

    def refuse() -> list[str]:
        raise psutil.AccessDenied(-2)

    # One of another user is not known to use the folder, and is left alone.
    other = SimpleNamespace(pid=-2, cmdline=refuse)

    def wait(processes: list[object], timeout: float | None = None) -> None:
        assert processes == [process]
        assert timeout, "this would wait for ever"
        now[0] += timeout

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(psutil, "process_iter", lambda: [process, other])
    monkeypatch.setattr(psutil, "wait_procs", wait)
    guard.clean_up(tmp_path)
    assert kills == [*range(10)]
    assert not tmp_path.exists()


SLEEPER = "import sys, time; file = open(sys.argv[1]); print(flush=True); time.sleep(600)"


@pytest.mark.slow
def test_the_guard_ends_what_a_killed_driver_leaves(tmp_path: Path) -> None:
    """After a kill of the driver, no process that uses the folder is left, and no folder."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    (folder / "log").touch()
    other = tmp_path / "log"
    other.touch()
    sleepers = [
        subprocess.Popen([sys.executable, "-c", SLEEPER, path], stdout=subprocess.PIPE)
        for path in (folder / "log", other)
    ]
    for sleeper in sleepers:
        assert sleeper.stdout
        sleeper.stdout.readline()
    driver = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys\n"
            "command = [sys.executable, '-m', 'stages.cluster.guard', sys.argv[1]]\n"
            "guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)\n"
            "print(guard.pid, flush=True)\n"
            "guard.wait()",
            folder,
        ],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert driver.stdout
    guard = psutil.Process(int(driver.stdout.readline()))
    driver.kill()
    assert sleepers[0].wait() == -9
    psutil.wait_procs([guard])
    assert not folder.exists()
    assert sleepers[1].poll() is None  # it uses another folder
    sleepers[1].kill()
    for sleeper in sleepers:
        sleeper.communicate()
    driver.communicate()
