import pytest

from benchmarks.process import output_of
from stages.command import StageError


def test_gives_what_is_printed() -> None:
    """Of Python with the arguments that it is given."""
    assert output_of("a sum", "-c", "import sys; print(1 + int(sys.argv[1]))", "2") == "3\n"


def test_a_failure_is_told() -> None:
    """With its exit code, by what it was to do."""
    with pytest.raises(StageError, match="a sum ended with 7: see above"):
        output_of("a sum", "-c", "raise SystemExit(7)")
