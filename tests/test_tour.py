"""docs/tour.ipynb runs, and its outputs in Git are those of the committed run."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.record import TOUR, TOUR_INPUTS, inputs_hash
from tests.conftest import PROJECT, copy_of_project, versions

NOTEBOOK: dict[str, Any] = json.loads((PROJECT / TOUR).read_text(encoding="utf-8"))
MAX_LINES = 15  # of a cell of code
MAX_BYTES = 1_000_000


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cells that hold code."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def printed(notebook: dict[str, Any], stream: str = "stdout") -> str:
    """Return all that the cells have printed to a stream."""
    outputs = [output for cell in code_cells(notebook) for output in cell["outputs"]]
    return "".join("".join(out["text"]) for out in outputs if out.get("name") == stream)


def test_the_outputs_are_those_of_the_run() -> None:
    """The tour was run after the last change of its cells and of the files that it shows."""
    contents = zip(*(versions(path.as_posix()) for path in TOUR_INPUTS), strict=True)
    hashes = [inputs_hash(NOTEBOOK, files) for files in contents]
    assert NOTEBOOK["metadata"]["inputs_sha256"] in hashes, "the tour is stale: type `make record`"
    runs = [json.loads(content) for content in versions("metrics/metrics.json")]
    scores = [f"{run['dataset']}: {run['errors']} errors in {run['images']:,} test" for run in runs]
    assert any(score in printed(NOTEBOOK) for score in scores), "type `make record`"


def test_another_cell_or_file_gives_another_hash() -> None:
    """The hash that tells a stale tour depends on every cell and on every file."""
    before = inputs_hash(NOTEBOOK, [b"a", b"b"])
    assert inputs_hash(NOTEBOOK, [b"a", b"b"]) == before
    assert inputs_hash(NOTEBOOK, [b"a", b"c"]) != before
    assert inputs_hash(NOTEBOOK, [b"ab", b""]) != before
    other = copy.deepcopy(NOTEBOOK)
    other["cells"][-1]["source"] += [" "]
    assert inputs_hash(other, [b"a", b"b"]) != before


def test_the_tour_is_short_and_complete() -> None:
    """No cell is long, all ran in order without an error, and the file can be shown by a host."""
    cells = code_cells(NOTEBOOK)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert max(len("".join(cell["source"]).splitlines()) for cell in cells) <= MAX_LINES
    assert not [out for cell in cells for out in cell["outputs"] if out["output_type"] == "error"]
    assert printed(NOTEBOOK, "stderr") == ""
    assert (PROJECT / TOUR).stat().st_size < MAX_BYTES


@pytest.mark.slow
def test_the_tour_runs_in_a_fresh_clone(tmp_path: Path) -> None:
    """With no data and no trained model it shows scikit-learn's digits, and changes no file."""
    from benchmarks.notebook import run_notebook  # its packages take a second to import

    clone = copy_of_project(tmp_path)
    notebook = run_notebook(clone.root / TOUR)
    assert "data set: digits\n" in printed(notebook)
    assert "model: app/model.tflite, the committed model: " in printed(notebook)
    assert clone.succeed("git", "status", "--porcelain") == ""
