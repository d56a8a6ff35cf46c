"""Bring what is committed about the run up to the last run: `make record`.

Reads: dvc.lock, params.yaml, metrics/metrics.json, models/model.tflite, and what the tour shows.
Writes: the table between the markers in README.md, machine.json, the model that app/ uses in a
fresh clone (app/model.tflite, its scores and classes in app/model.json), and the outputs in
docs/tour.ipynb.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from app.classes import ClassesError
from app.models import (
    COMMITTED,
    COMMITTED_SCORES,
    METRICS,
    TRAINED,
    classes_of,
    trained_scores,
)
from stages.shared.arrays import SPLITS
from stages.shared.cli import StageError, run
from stages.shared.files import read_json, replacing, write_json, write_text
from stages.training.machine import LOCK, MACHINE_FILE, describe_run

README, TOUR = Path("README.md"), Path("docs/tour.ipynb")
ARRAYS = Path("data/processed")
START, END = "<!-- result -->\n", "\n<!-- /result -->"
# The files that the tour shows; dvc.lock stands for those of the run.
TOUR_INPUTS = (
    LOCK,
    Path("benchmarks/results.csv"),
    Path("recipes/dense-cnn/predictions.csv"),
    Path("recipes/keras-example/predictions.csv"),
    Path("recipes/mlp/predictions.csv"),
)


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


def inputs_hash(notebook: dict[str, Any], contents: Iterable[bytes]) -> str:
    """Return a hash of what a notebook's outputs come from: its cells and the files it reads."""
    digest = hashlib.sha256()
    # A file has a cell's source as a list of lines, what was run as one text.
    cells = ("".join(cell["source"]).encode() for cell in notebook["cells"])
    for content in (*cells, *contents):
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def main() -> None:
    from benchmarks.notebook import run_notebook, text_of  # its packages take a second to import

    scores = trained_scores()
    arrays = [ARRAYS / f"{split}_{kind}.npy" for split in SPLITS for kind in ("images", "labels")]
    if scores is None or not all(path.exists() for path in arrays):
        raise StageError(
            f"{TRAINED}, {METRICS} and {ARRAYS}: not found, or not as {LOCK} has them; expected "
            "the files of the last run; type `dvc repro`, or `dvc checkout` if it has run"
        )
    try:
        classes = list(classes_of(TRAINED))
    except ClassesError as error:
        raise StageError(str(error)) from error
    readme = with_result(README.read_text(encoding="utf-8"), read_json(METRICS))
    inputs = [path.read_bytes() for path in TOUR_INPUTS]
    print(f"running {TOUR} ...")
    tour = run_notebook(TOUR)
    tour["metadata"]["inputs_sha256"] = inputs_hash(tour, inputs)

    write_text(README, readme)
    write_json(MACHINE_FILE, describe_run())
    with replacing(COMMITTED) as file:
        file.write(TRAINED.read_bytes())
    write_json(COMMITTED_SCORES, scores | {"classes": classes})
    write_text(TOUR, text_of(tour))
    written = ", ".join(map(str, (README, MACHINE_FILE, COMMITTED, COMMITTED_SCORES, TOUR)))
    print(f"{written} describe the run in {LOCK}; commit them")


if __name__ == "__main__":
    run(main)
