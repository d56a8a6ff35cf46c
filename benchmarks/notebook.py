"""Run a notebook."""

import sys
from pathlib import Path

try:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError
except ModuleNotFoundError as error:
    sys.exit(f"error: {error.name} is missing; type `pip install -r requirements-dev.txt`")

from stages.shared.cli import StageError


def run_notebook(path: Path) -> nbformat.NotebookNode:
    """Run a notebook in its own folder and return it with its outputs.

    Raises `StageError` if a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
        extra_arguments=["--log-level=ERROR"],
        record_timing=False,
        coalesce_streams=True,  # the last state of a progress bar, not all of them
    )
    try:
        client.execute()
    except CellExecutionError as error:
        reason = " ".join(f"{error.ename}: {error.evalue}".split())
        raise StageError(f"{path}: a cell fails with {reason}; type `make tour` to see") from error
    except DeadKernelError as error:
        raise StageError(f"{path}: its Python process has ended; type `make tour`") from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_greeting(output)]
    return notebook


def is_greeting(output: nbformat.NotebookNode) -> bool:
    """Return whether an output is the line by which LiteRT says that it has started."""
    return output.get("name") == "stderr" and output.text.startswith("INFO: Created TensorFlow")


def text_of(notebook: nbformat.NotebookNode) -> str:
    """Return the content of a notebook's file."""
    return f"{nbformat.writes(notebook)}\n"
