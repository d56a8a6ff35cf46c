"""Bring README's result and machine.json up to the last run: `make record`.

Reads: metrics/metrics.json, dvc.lock and params.yaml.
Writes: the table between the markers in README.md, and machine.json.
"""

from pathlib import Path
from typing import Any

from stages.shared.cli import StageError, run
from stages.shared.files import read_json, write_json, write_text
from stages.training.machine import MACHINE_FILE, describe_run

README, METRICS = Path("README.md"), Path("metrics/metrics.json")
START, END = "<!-- result -->\n", "\n<!-- /result -->"


def result_table(metrics: dict[str, Any]) -> str:
    """Return the content of metrics/metrics.json as README's Markdown table."""
    accuracy, low, high = (
        f"{100 * metrics[name]:.2f}" for name in ("accuracy", "accuracy_low", "accuracy_high")
    )
    return (
        "| test set | images | errors | accuracy | 95 % interval |\n"
        "|---|---|---|---|---|\n"
        f"| {metrics['dataset']} | {metrics['images']:,} | {metrics['errors']:,} "
        f"| {accuracy} % | {low} to {high} % |"
    )


def with_result(readme: str, metrics: dict[str, Any]) -> str:
    """Return README's text with the result of `metrics` between its markers.

    Raises `StageError` if a marker is missing.
    """
    before, start, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise StageError(
            f"{README}: found no lines {START.strip()} and {END.strip()}, expected README's result "
            f"between them; type `git diff {README}` to see how they were lost"
        )
    return f"{before}{start}{result_table(metrics)}{end}{after}"


def main() -> None:
    readme = with_result(README.read_text(encoding="utf-8"), read_json(METRICS))
    write_text(README, readme)
    write_json(MACHINE_FILE, describe_run())
    print(f"{README} and {MACHINE_FILE} describe the run in dvc.lock; commit them")


if __name__ == "__main__":
    run(main)
