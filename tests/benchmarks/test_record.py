import pytest

from benchmarks.record import with_result
from stages.shared.cli import StageError

METRICS = {
    "dataset": "mnist",
    "images": 10_000,
    "errors": 1_234,
    "accuracy": 0.8766,
    "accuracy_low": 0.87,
    "accuracy_high": 0.88289,
}
README = "# Title\n\n<!-- result -->\nan old table\n<!-- /result -->\n\nThe rest.\n"


def test_the_result_by_hand() -> None:
    """Only the table between the markers is replaced."""
    changed = with_result(README, METRICS)
    before, table, after = changed.partition(
        "| mnist | 10,000 | 1,234 | 87.66 % | 87.00 to 88.29 % |"
    )
    assert before.startswith("# Title\n\n<!-- result -->\n| test set | images |")
    assert table
    assert after == "\n<!-- /result -->\n\nThe rest.\n"
    assert with_result(changed, METRICS) == changed


@pytest.mark.parametrize("marker", ["<!-- result -->\n", "<!-- /result -->\n"])
def test_refuses_a_readme_without_a_marker(marker: str) -> None:
    """A README that lacks a marker is refused, and the error names the marker."""
    with pytest.raises(StageError, match=r"README.md: found no lines <!-- result -->"):
        with_result(README.replace(marker, ""), METRICS)
