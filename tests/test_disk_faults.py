"""The short version of tests/disk_faults.py: all writes of what is quick, some of what is not."""

import re
import subprocess
import sys

import pytest

from tests.conftest import PROJECT, environment
from tests.refusals import is_possible

PROGRAMS = ["download=25", "preprocess=3", "train=1", "evaluate=1", "plot=1", "own", "show"]


@pytest.mark.slow
@pytest.mark.timeout(900)  # on a busy machine
@pytest.mark.skipif(not is_possible(), reason="only Linux on x86-64 is asked to refuse writes")
def test_a_refused_write_harms_nothing() -> None:
    """Outputs are whole or absent, one line says why, and the next run gives the same bytes."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.disk_faults", *PROGRAMS],
        cwd=PROJECT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    tried = re.findall(r"^(\w+): (\d+) writes refused, \2 held$", result.stdout, re.MULTILINE)
    assert [name for name, _ in tried] == [name.partition("=")[0] for name in PROGRAMS]
    assert all(int(number) for _, number in tried)
