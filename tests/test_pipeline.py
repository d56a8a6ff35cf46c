"""The whole pipeline under DVC, on the small data set, as a person would use it."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import PROJECT, SMALL, Pipeline, copy_of_project

pytestmark = pytest.mark.slow

RECIPE_STAGES = ("download", "preprocess", "train", "evaluate")


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Give a project in which `dvc repro` has run and been committed."""
    pipeline = copy_of_project(tmp_path_factory.mktemp("project"))
    pipeline.succeed("dvc", "repro")
    pipeline.succeed("git", "add", "--all")
    pipeline.succeed("git", "commit", "--quiet", "--message=reproduced")
    return pipeline


def test_every_output_is_there(reproduced: Pipeline) -> None:
    """All outputs exist; the metrics name the data set, the image count and an interval."""
    metrics = json.loads((reproduced.root / "metrics" / "metrics.json").read_text())
    assert metrics["dataset"] == "digits"
    assert metrics["images"] == 120
    assert metrics["accuracy_low"] < metrics["accuracy"] < metrics["accuracy_high"]
    predictions = pd.read_csv(reproduced.root / "metrics" / "predictions.csv")
    assert (predictions["label"] != predictions["predicted"]).sum() == metrics["errors"]
    assert pd.read_csv(reproduced.root / "metrics" / "data.csv")["images"].sum() == 120 + 72 + 120
    assert len(pd.read_csv(reproduced.root / "plots" / "history.csv")) == 3
    progress = json.loads((reproduced.root / "metrics" / "training.json").read_text())
    assert (progress["epoch"], list(progress)[1:3]) == (3, ["kept_epoch", "loss"])
    pictures = {path.stem for path in (reproduced.root / "plots").glob("*.png")}
    assert pictures == {"samples", "history", "augmentation", "misclassified", "predictions"} | {
        "confusion",
        "digits",
        "confidence",
    }


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


def test_compiled_code_makes_no_stage_stale(reproduced: Pipeline) -> None:
    """A __pycache__ folder makes no stage stale, neither the default's nor the recipes'."""
    cache = reproduced.root / "stages" / "shared" / "__pycache__"
    shutil.rmtree(cache, ignore_errors=True)  # an earlier run may have written it
    before = Pipeline(reproduced.root / "recipes").run("dvc", "status", "download").stdout
    cache.mkdir(exist_ok=True)
    (cache / "cli.cpython-311.pyc").write_bytes(b"compiled")
    assert "up to date" in reproduced.succeed("dvc", "status")
    assert Pipeline(reproduced.root / "recipes").run("dvc", "status", "download").stdout == before


@pytest.mark.parametrize("file", ["architectures.py", "settings.py"])
def test_training_code_leaves_the_data_up_to_date(reproduced: Pipeline, file: str) -> None:
    """An edit to the training code makes only train and evaluate stale."""
    path = reproduced.root / "stages" / "training" / file
    code = path.read_text()
    path.write_text(code.replace("dropout", "drop_out"))
    assert path.read_text() != code
    stale = json.loads(reproduced.succeed("dvc", "status", "--json"))
    path.write_text(code)
    assert set(stale) == {"train", "evaluate"}


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
    printed = copy.succeed(*command.split())
    assert set(re.findall(r"Running stage '(.*)'", printed)) == {"train", "evaluate", "plot"}
    assert "parameters: 13,610" in printed  # 9 * 8 + 8 + 1352 * 10 + 10


def test_record_brings_all_up_to_the_run(reproduced: Pipeline, tmp_path: Path) -> None:
    """After a committed run with other parameters, one command updates what tells of the run."""
    shutil.copytree(reproduced.root, tmp_path / "copy", symlinks=True)
    copy = Pipeline(tmp_path / "copy")
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


def test_a_second_run_does_nothing_and_a_forced_one_gives_the_same(reproduced: Pipeline) -> None:
    """Nothing is stale after a run, and a forced second run gives the same bytes."""
    assert "Running stage" not in reproduced.succeed("dvc", "repro")
    assert "up to date" in reproduced.succeed("dvc", "status")
    assert "Running stage 'train'" in reproduced.succeed(
        "dvc", "repro", "--force", "--no-run-cache"
    )
    assert reproduced.succeed("git", "status", "--porcelain") == ""


def test_a_clone_with_an_empty_cache_answers(reproduced: Pipeline, tmp_path: Path) -> None:
    """A clone without a remote shows metrics, parameters and plots, and compares branches."""
    reproduced.succeed("git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Pipeline(tmp_path / "clone")
    assert "accuracy" in clone.succeed("dvc", "metrics", "show")
    clone.succeed("git", "checkout", "--quiet", "-b", "branch")
    clone.change_params({"train": {"dropout": 0.25}})
    path = clone.root / "metrics" / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"accuracy": 0.123}))
    assert "0.123" in clone.succeed("dvc", "metrics", "diff", "main")
    assert "train.dropout" in clone.succeed("dvc", "params", "diff")
    clone.succeed("dvc", "plots", "show")
    page = (clone.root / "dvc_plots" / "index.html").read_text()
    for plot in ("Loss", "Accuracy", "Learning rate", "misclassified.png", "Errors by digit"):
        assert plot in page


def test_a_remote_needs_no_target(reproduced: Pipeline, tmp_path: Path) -> None:
    """`dvc push`, and `dvc pull` in a clone, succeed without naming a stage."""
    reproduced.succeed("git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Pipeline(tmp_path / "clone")
    for project in (reproduced, clone):
        remote = ["dvc", "remote", "add", "--local", "--default", "storage"]
        project.succeed(*remote, str(tmp_path / "remote"))
    reproduced.succeed("dvc", "push")
    clone.succeed("dvc", "pull")
    assert "up to date" in clone.succeed("dvc", "status")
    model = "models/model.keras"
    assert (clone.root / model).read_bytes() == (reproduced.root / model).read_bytes()


def test_experiments_run_only_what_they_touch(reproduced: Pipeline) -> None:
    """`dvc exp run -S` reruns only affected stages, in a temporary copy and from the queue."""
    arguments = ["-S", "train.epochs=1", "-S", "train.dropout=0.4", "-S", "train.batch_size=64"]
    printed = reproduced.succeed("dvc", "exp", "run", "--name", "temporary", "--temp", *arguments)
    assert "Running stage 'train'" in printed
    assert "Running stage 'preprocess'" not in printed
    reproduced.succeed("dvc", "exp", "run", "--name", "queued", "--queue", "-S", "plot.mistakes=10")
    reproduced.succeed("dvc", "queue", "start")
    reproduced.succeed("dvc", "queue", "logs", "queued", "--follow")
    assert "queued" in reproduced.succeed("dvc", "exp", "show", "--csv")
    assert_table_fits_a_terminal(reproduced)
    assert reproduced.succeed("git", "status", "--porcelain") == ""


def assert_table_fits_a_terminal(project: Pipeline) -> None:
    """README's `dvc exp show` has epoch and score beside the changed parameters, in 120 columns."""
    (command,) = re.findall(r"^dvc exp show .*", (PROJECT / "README.md").read_text(), re.MULTILINE)
    # A training that has ended its second epoch leaves this in the workspace.
    progress = project.root / "metrics" / "training.json"
    ended = progress.read_text()
    progress.write_text(json.dumps(json.loads(ended) | {"epoch": 2, "kept_epoch": 1}))
    lines = project.succeed(*shlex.split(command)).splitlines()
    progress.write_text(ended)
    assert max(len(line) for line in lines) <= 120
    (header,) = [line.split() for line in lines if "Experiment" in line]
    assert header[:4] == ["Experiment", "epoch", "errors", "accuracy"]
    assert set(header[4:]) == {"train.epochs", "train.batch_size", "plot.mistakes"}
    epochs = {
        name: re.split(rf"{name}\]? +", line)[1].split()[0]
        for name in ("workspace", "main", "temporary")
        for line in lines
        if name in line
    }
    assert epochs == {"workspace": "2", "main": "3", "temporary": "1"}


def test_a_fault_of_a_later_stage_is_found_before_the_training(reproduced: Pipeline) -> None:
    """A parameter of plot that is not allowed ends the run before the first epoch."""
    reproduced.change_params({"train": {"epochs": 2}, "plot": {"mistakes": 200}})
    result = reproduced.run("dvc", "repro", "--single-item", "train")
    reproduced.succeed("git", "restore", ".")
    reproduced.succeed("dvc", "checkout")
    assert result.returncode != 0
    assert "params.yaml: plot.mistakes: found 200, allowed is a whole number" in result.stderr
    assert "Epoch 1" not in result.stdout


def test_bad_parameters_end_in_one_line(reproduced: Pipeline) -> None:
    """The error names each key, the found and the allowed value; a valid run then succeeds."""
    settings = ["-S", "train.dropout=1.5", "-S", "train.epochs=ten", "-S", "+train.epoch=3"]
    result = reproduced.run("dvc", "exp", "run", *settings)
    assert result.returncode != 0
    (line,) = [text for text in result.stderr.splitlines() if "params.yaml: " in text]
    assert "train.dropout: found 1.5, allowed is a number at least 0" in line
    assert "train.epochs: found 'ten', allowed is a whole number" in line
    assert "train.epoch: unknown key, allowed are the keys seed" in line
    assert "Traceback" not in result.stdout + result.stderr
    reproduced.succeed("git", "restore", ".")
    reproduced.succeed("dvc", "repro")


def test_a_damaged_input_ends_in_one_line(reproduced: Pipeline, tmp_path: Path) -> None:
    """A truncated IDX file is refused and no array is written; the whole file then succeeds."""
    shutil.copytree(reproduced.root, tmp_path / "copy", symlinks=True)
    copy = Pipeline(tmp_path / "copy")
    images = copy.root / "data" / "raw" / "t10k-images-idx3-ubyte"
    whole = images.read_bytes()
    images.chmod(0o644)
    images.write_bytes(whole[:-100])
    result = copy.run("dvc", "repro", "--single-item", "preprocess")
    assert result.returncode != 0
    assert "t10k-images-idx3-ubyte: found" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list((copy.root / "data" / "processed").glob("*.npy"))
    images.write_bytes(whole)
    copy.succeed("dvc", "repro")
    assert copy.succeed("git", "status", "--porcelain") == ""
