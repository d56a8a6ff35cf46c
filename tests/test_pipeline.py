"""The whole pipeline under DVC, on the small data set, as a person would use it."""

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.conftest import PROJECT, Pipeline

pytestmark = pytest.mark.slow


def test_every_output_is_there(reproduced: Pipeline) -> None:
    """All outputs exist; the metrics name the data set, the image count and an interval."""
    metrics = json.loads((reproduced.root / "metrics" / "metrics.json").read_text())
    assert metrics["dataset"] == "digits"
    assert metrics["images"] == 120
    assert metrics["accuracy_low"] < metrics["accuracy"] < metrics["accuracy_high"]
    predictions = pd.read_csv(reproduced.root / "metrics" / "predictions.csv")
    assert (predictions["label"] != predictions["predicted"]).sum() == metrics["errors"]
    assert pd.read_csv(reproduced.root / "metrics" / "data.csv")["images"].sum() == 120 + 72 + 120
    assert len(pd.read_csv(reproduced.root / "plots" / "history.csv")) == 6
    progress = json.loads((reproduced.root / "metrics" / "training.json").read_text())
    assert (progress["epoch"], list(progress)[1:3]) == (6, ["kept_epoch", "loss"])
    pictures = {path.stem for path in (reproduced.root / "plots").glob("*.png")}
    assert pictures == {"samples", "history", "augmentation", "misclassified", "predictions"} | {
        "confusion",
        "digits",
        "confidence",
    }


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


def test_a_folder_of_pictures_goes_through(reproduced: Pipeline, tmp_path: Path) -> None:
    """Three classes of own pictures are scored by their names; a new picture is noticed.

    The line that docs/your-data.md adds to dvc.yaml makes the folder an input.
    """
    shutil.copytree(reproduced.root, tmp_path / "copy", symlinks=True)
    copy = Pipeline(tmp_path / "copy")
    names, random = ("ankle boot", "bag", "T-shirt, long"), np.random.default_rng(0)
    shapes = copy.root / "data" / "shapes"
    for level, name in zip((0, 100, 200), names, strict=True):
        (shapes / name).mkdir(parents=True)
        for index in range(20):
            image = random.integers(level, level + 55, (40, 30, 3), dtype=np.uint8)
            Image.fromarray(image).save(shapes / name / f"{index}.png")
    copy.change_params({"download": {"dataset": "data/shapes"}})
    copy.change_params({"preprocess": {"validation_fraction": 0.25}})
    pipeline = copy.root / "dvc.yaml"
    deps = "    deps:\n"
    pipeline.write_text(pipeline.read_text().replace(deps, f"{deps}      - data/shapes\n", 1))
    copy.succeed("dvc", "repro", "evaluate")
    assert json.loads((copy.root / "metrics" / "metrics.json").read_text())["dataset"] == "shapes"
    table = pd.read_csv(copy.root / "metrics" / "per_class.csv")
    assert table["digit"].tolist() == sorted(names)
    assert table["images"].min() >= 1  # about four of 20, by their content
    assert len(pd.read_csv(copy.root / "metrics" / "confusion.csv")) == 9

    shutil.copy(shapes / "bag" / "0.png", shapes / "bag" / "more.png")
    assert "download" in json.loads(copy.succeed("dvc", "status", "--json"))
    (shapes / "bag").rename(copy.root / "gone")
    (shapes / "ankle boot").rename(copy.root / "gone too")
    result = copy.run("dvc", "repro")
    assert "error: data/shapes: found one class, T-shirt, long, expected 2 to 256" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_second_run_does_nothing_and_a_forced_one_gives_the_same(reproduced: Pipeline) -> None:
    """Nothing is stale after a run, and stages that are forced to run give the same bytes.

    tests/test_kills.py repeats train, tests/test_own_pictures.py evaluate.
    """
    assert "Running stage" not in reproduced.succeed("dvc", "repro")
    assert "up to date" in reproduced.succeed("dvc", "status")
    force = ["dvc", "repro", "--force", "--no-run-cache", "--single-item"]
    stages = ["download", "preprocess", "plot"]
    printed = reproduced.succeed(*force, *stages)
    assert re.findall(r"Running stage '(.*)'", printed) == stages
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
    for plot in ("Loss", "Accuracy", "Learning rate", "misclassified.png", "Errors by class"):
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
    printed = reproduced.succeed(
        "dvc", "exp", "run", "--name", "temporary", "--temp", *arguments, "train"
    )
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
    assert epochs == {"workspace": "2", "main": "6", "temporary": "1"}


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
    assert "data/raw: found t10k-images-idx3-ubyte with SHA-256" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list((copy.root / "data" / "processed").glob("*.npy"))
    images.write_bytes(whole)
    copy.succeed("dvc", "repro")
    assert copy.succeed("git", "status", "--porcelain") == ""
