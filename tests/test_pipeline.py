"""The whole pipeline under DVC, on the small data set, as a person would use it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.conftest import SMALL, Pipeline, copy_of_project, environment

pytestmark = pytest.mark.slow

RECIPE_STAGES = ("preprocess", "train", "evaluate")


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Give a project in which `dvc repro` has run and been committed."""
    pipeline = copy_of_project(tmp_path_factory.mktemp("project"))
    pipeline.succeed("dvc", "repro")
    pipeline.succeed("git", "add", "--all")
    pipeline.succeed("git", "commit", "--quiet", "--message=reproduced")
    return pipeline


def test_every_output_is_there(reproduced: Pipeline) -> None:
    """The score says which data set, over how many images, with an interval around it."""
    metrics = json.loads((reproduced.root / "metrics" / "metrics.json").read_text())
    assert metrics["dataset"] == "digits"
    assert metrics["images"] == 120
    assert metrics["accuracy_low"] < metrics["accuracy"] < metrics["accuracy_high"]
    predictions = pd.read_csv(reproduced.root / "metrics" / "predictions.csv")
    assert (predictions["label"] != predictions["predicted"]).sum() == metrics["errors"]
    assert len(pd.read_csv(reproduced.root / "plots" / "history.csv")) == 3
    pictures = {path.stem for path in (reproduced.root / "plots").glob("*.png")}
    assert pictures == {"samples", "history", "confusion", "misclassified", "predictions"}


def test_a_recipe_runs_alone(reproduced: Pipeline, tmp_path: Path) -> None:
    """Named, it runs through the same stages; `dvc repro` leaves it and its scores alone."""
    shutil.copytree(reproduced.root, tmp_path / "copy", symlinks=True)
    copy = Pipeline(tmp_path / "copy")
    copy.change_params(SMALL, "recipes/fast.yaml")
    printed = copy.succeed("dvc", "repro", "recipes/dvc.yaml:evaluate@fast")
    ran = re.findall(r"Running stage '(.*)'", printed)
    assert ran == [f"recipes/dvc.yaml:{name}@fast" for name in RECIPE_STAGES]
    assert (copy.root / "models" / "recipes" / "fast.keras").exists()
    score = json.loads((copy.root / "recipes" / "fast" / "metrics.json").read_text())
    shown = copy.succeed("dvc", "metrics", "show", "--precision", "6")
    for path in ("metrics/metrics.json", "recipes/fast/metrics.json"):
        assert path in shown
    assert f"{score['accuracy']}" in shown
    copy.change_params({"train": {"dropout": 0.3}}, "recipes/fast.yaml")
    assert "Running stage" not in copy.succeed("dvc", "repro")
    assert copy.succeed("git", "status", "--porcelain", "metrics", "plots", "dvc.lock") == ""


def test_a_second_run_does_nothing_and_a_forced_one_gives_the_same(reproduced: Pipeline) -> None:
    """Nothing is stale after a run, and repeating it all by force changes no byte."""
    assert "Running stage" not in reproduced.succeed("dvc", "repro")
    assert "up to date" in reproduced.succeed("dvc", "status", "dvc.yaml")
    assert "Running stage 'train'" in reproduced.succeed(
        "dvc", "repro", "--force", "--no-run-cache"
    )
    assert reproduced.succeed("git", "status", "--porcelain") == ""


def test_each_number_of_threads_has_its_own_stable_model(
    reproduced: Pipeline, tmp_path: Path
) -> None:
    """Two trainings with one thread, side by side, give equal files; the forced run has two."""
    settings = yaml.safe_load((reproduced.root / "params.yaml").read_text())
    settings["train"]["threads"] = 1
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings))
    command = ["python", "-m", "stages.train", "--processed", f"{reproduced.root}/data/processed"]
    command += ["--model", "model.keras", "--litert", "model.tflite", "--history", "history.csv"]
    command += ["--params", str(tmp_path / "params.yaml")]
    folders = [tmp_path / "one", tmp_path / "other"]
    processes = []
    for folder in folders:
        folder.mkdir()
        there = environment() | {"PYTHONPATH": str(reproduced.root)}
        processes.append(subprocess.Popen(command, cwd=folder, env=there))
    assert [process.wait() for process in processes] == [0, 0]
    for name in ("model.keras", "model.tflite", "history.csv"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_a_clone_with_an_empty_cache_answers(reproduced: Pipeline, tmp_path: Path) -> None:
    """Metrics, parameters and plots of a clone without a remote are there, also across branches."""
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
    for plot in ("Loss", "Accuracy", "Learning rate", "misclassified.png", "Confusion, share"):
        assert plot in page


def test_experiments_run_only_what_they_touch(reproduced: Pipeline) -> None:
    """`dvc exp run -S` in the workspace, in a temporary copy and from the queue."""
    arguments = ["-S", "train.epochs=1", "-S", "train.dropout=0.4", "-S", "train.batch_size=64"]
    printed = reproduced.succeed("dvc", "exp", "run", "--name", "temporary", "--temp", *arguments)
    assert "Running stage 'train'" in printed
    assert "Running stage 'preprocess'" not in printed
    reproduced.succeed("dvc", "exp", "run", "--name", "queued", "--queue", "-S", "plot.mistakes=10")
    reproduced.succeed("dvc", "queue", "start")
    reproduced.succeed("dvc", "queue", "logs", "queued", "--follow")
    shown = reproduced.succeed("dvc", "exp", "show", "--csv")
    assert "temporary" in shown
    assert "queued" in shown
    assert reproduced.succeed("git", "status", "--porcelain") == ""


def test_bad_parameters_end_in_one_line(reproduced: Pipeline) -> None:
    """The stage names each key, what was found and what is allowed; a good run then succeeds."""
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
    """A truncated IDX file is refused, writes nothing, and the next run without it succeeds."""
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
