"""What people add to the pipeline or change in it, on the small data set."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import SMALL, Pipeline

pytestmark = pytest.mark.slow

RECIPE_STAGES = ("download@mnist", "preprocess", "train", "evaluate")


def test_recipes_are_a_project_of_their_own(reproduced: Pipeline, tmp_path: Path) -> None:
    """DVC shows only the recipes in recipes/ and only the default in the project's root."""
    root = tmp_path / "copy"
    shutil.copytree(reproduced.root, root, symlinks=True)
    copy, recipes = Pipeline(root), Pipeline(root / "recipes")
    for file in ("params.yaml", "fast/params.yaml"):
        sections = SMALL if file.startswith("fast") else {"download": SMALL["download"]}
        recipes.change_params(sections, file)
    printed = recipes.succeed("dvc", "repro", "evaluate@fast")
    ran = re.findall(r"(?:Running stage|Stage) '(.*?)'", printed)
    assert [name.removesuffix("@fast") for name in dict.fromkeys(ran)] == list(RECIPE_STAGES)
    assert (recipes.root / "fast" / "model.keras").exists()
    score = json.loads((recipes.root / "fast" / "metrics.json").read_text())
    shown = recipes.succeed("dvc", "metrics", "show", "--precision", "6")
    assert f"{score['accuracy']}" in shown
    assert "mlp/metrics.json" in shown

    assert "recipes" not in copy.succeed("dvc", "metrics", "show")
    assert "recipes" not in copy.succeed("dvc", "exp", "show", "--csv")
    assert "up to date" in copy.succeed("dvc", "status")
    assert copy.succeed("git", "status", "--porcelain", "metrics", "plots", "dvc.lock") == ""
    untracked = copy.succeed("git", "status", "--porcelain", "--untracked-files", "recipes")
    assert "??" not in untracked


def code_blocks(page: str) -> dict[str, str]:
    """Return the Python code blocks of a page; the keys are the comments before them."""
    return dict(re.findall(r"<!-- (.*?) -->\n```python\n(.*?)```", page, re.DOTALL))


def test_the_architecture_of_extending_md_trains(reproduced: Pipeline, tmp_path: Path) -> None:
    """The page's architecture trains with the page's command; the data is not rebuilt."""
    shutil.copytree(reproduced.root, tmp_path / "copy", symlinks=True)
    copy = Pipeline(tmp_path / "copy")
    page = (copy.root / "docs" / "extending.md").read_text()
    code = code_blocks(page)
    architectures = copy.root / "stages" / "training" / "architectures.py"
    text = architectures.read_text()
    dictionary = text.index("ARCHITECTURES: dict")
    end = text.index("}\n", dictionary)
    architectures.write_text(
        f"{text[:dictionary]}{code['file: stages/training/architectures.py']}\n\n"
        f"{text[dictionary:end]}{code['in: ARCHITECTURES']}{text[end:]}"
    )
    settings = copy.root / "stages" / "training" / "settings.py"
    names = re.compile(r"ArchitectureName = Literal\[.*?\]\n", re.DOTALL)
    changed, count = names.subn(code["file: stages/training/settings.py"], settings.read_text())
    assert count == 1
    settings.write_text(changed)
    (command,) = re.findall(r"^dvc exp run .*tiny-cnn.*$", page, re.MULTILINE)
    printed = copy.succeed(*command.split(), "train")
    assert re.findall(r"Running stage '(.*)'", printed) == ["train"]
    assert "parameters: 13,610" in printed  # 9 * 8 + 8 + 1352 * 10 + 10


def leave_out_training(tour: Path) -> None:
    """Leave the imports alone of cells that train a network; tests/test_tour.py runs them."""
    notebook = json.loads(tour.read_text(encoding="utf-8"))
    trained = re.compile(r"model\.(fit|inputs|predict)|answers\.sample")
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and trained.search("".join(cell["source"])):
            cell["source"] = [line for line in cell["source"] if re.match("from|import", line)]
    tour.write_text(json.dumps(notebook), encoding="utf-8")


def test_record_brings_all_up_to_the_run(reproduced: Pipeline, tmp_path: Path) -> None:
    """After a committed run with other parameters, one command updates what tells of the run."""
    shutil.copytree(reproduced.root, tmp_path / "copy", symlinks=True)
    copy = Pipeline(tmp_path / "copy")
    leave_out_training(copy.root / "docs" / "tour.ipynb")
    check = ["python", "-m", "pytest", "-q", "--numprocesses=0", "-p", "no:cacheprovider"]
    check += ["-k", "of_the_run or belongs_to_the_lock", "tests/test_readme.py"]
    check += ["tests/test_tour.py", "tests/app/test_models.py"]
    check += ["tests/stages/training/test_machine.py"]
    stale = copy.run(*check)
    assert stale.returncode == 1
    for recorded in ("README", "machine.json", "app/model.tflite", "the tour"):
        assert re.search(f"{recorded}.*: type `make record`", stale.stdout)
    copy.succeed("python", "-m", "benchmarks.record")
    copy.succeed(*check)

    metrics = json.loads((copy.root / "metrics" / "metrics.json").read_text())
    row = f"| digits | 120 | {metrics['errors']} | {100 * metrics['accuracy']:.2f} % |"
    assert row in (copy.root / "README.md").read_text()
    tour = (copy.root / "docs" / "tour.ipynb").read_text()
    assert f"digits: {metrics['errors']} errors in 120 test images" in tour
    assert "models/model.tflite, trained here: " in tour
    changed = copy.succeed("git", "status", "--porcelain").split()[1::2]
    written = ["README.md", "app/model.json", "app/model.tflite", "docs/tour.ipynb"]
    assert changed == [*written, "machine.json"]


def test_record_refuses_a_model_of_another_run(reproduced: Pipeline, tmp_path: Path) -> None:
    """A clone that has no model yet keeps what is committed, and is told what to type."""
    reproduced.succeed("git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Pipeline(tmp_path / "clone")
    result = clone.run("python", "-m", "benchmarks.record")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "error: models/model.tflite, metrics/metrics.json and data/processed: not "
    )
    assert clone.succeed("git", "status", "--porcelain") == ""
