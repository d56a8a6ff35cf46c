import pytest

from benchmarks.process import output_of
from stages.shared.cli import StageError


def test_gives_what_is_printed() -> None:
    """Python runs with the given arguments, and its output is returned."""
    assert output_of("a sum", "-c", "import sys; print(1 + int(sys.argv[1]))", "2") == "3\n"


def test_a_failure_is_reported() -> None:
    """The error names the task and gives the exit code."""
    with pytest.raises(StageError, match="a sum ended with 7: see above"):
        output_of("a sum", "-c", "raise SystemExit(7)")
