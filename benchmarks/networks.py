"""How well digits and "none" are told apart, as tables: python -m benchmarks.networks.

The figures are those of handwriting/metrics.json, which `dvc repro` in handwriting/ writes.
"""

from pathlib import Path
from typing import Any

from stages.shared.cli import run
from stages.shared.files import read_json

METRICS = Path("handwriting/metrics.json")


def none_table(metrics: dict[str, Any]) -> str:
    """Return how well "none" is told from digits, for each kind of image that shows no digit."""
    rows = [
        f"| {kind} | {found['images']:,} | {found['auroc']:.4f} | {100 * found['taken']:.1f} % |"
        for kind, found in metrics.items()
        if isinstance(found, dict) and "auroc" in found
    ]
    return "\n".join(
        ["| no digit | images | AUROC | taken for a digit |", "|---|---|---|---|", *rows]
    )


def digits_table(metrics: dict[str, Any]) -> str:
    """Return how many digits of each kind are refused, and how many are named rightly."""
    rows = [
        f"| {kind} | {found['images']:,} | {100 * found['refused']:.1f} % "
        f"| {100 * found['accuracy']:.1f} % |"
        for kind, found in metrics.items()
        if isinstance(found, dict) and "refused" in found
    ]
    return "\n".join(["| digits | images | refused | right |", "|---|---|---|---|", *rows])


def main() -> None:
    metrics = read_json(METRICS)
    print(none_table(metrics), digits_table(metrics), sep="\n\n")


if __name__ == "__main__":
    run(main)
