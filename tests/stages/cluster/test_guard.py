import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import PROJECT

pytestmark = pytest.mark.slow
SLEEPER = "import sys, time; file = open(sys.argv[1]); print(flush=True); time.sleep(600)"


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
