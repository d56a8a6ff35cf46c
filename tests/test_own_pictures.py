"""Own pictures in the whole pipeline: added in two steps, scored, and taken away again."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.app.conftest import drawn, encoded
from tests.conftest import Pipeline

pytestmark = pytest.mark.slow


def add(root: Path, pens: range) -> None:
    """Add a drawing of each digit with each of these pens."""
    for digit in range(10):
        folder = root / "data/own" / str(digit)
        folder.mkdir(exist_ok=True)
        for pen in pens:
            (folder / f"pen-{pen}.png").write_bytes(encoded(drawn(digit, pen=pen)))


def sides(root: Path) -> dict[str, str]:
    """Return the split of each picture."""
    table = pd.read_csv(root / "data/processed/own_pictures.csv")
    return dict(zip(table["picture"], table["split"], strict=True))


def test_pictures_come_and_go(reproduced: Pipeline) -> None:
    """No picture changes sides, metrics count them, and without them the first lock comes back."""
    first, root = reproduced.lock(), reproduced.root
    add(root, range(5, 8))
    reproduced.succeed("dvc", "repro", "evaluate")
    before = sides(root)
    metrics = json.loads((root / "metrics/metrics.json").read_text())
    assert metrics["own_images"] == list(before.values()).count("own_test") > 0
    predictions = pd.read_csv(root / "metrics/own_predictions.csv")
    wrong = (predictions["label"] != predictions["predicted"]).sum()
    assert (metrics["own_errors"], len(predictions)) == (wrong, metrics["own_images"])
    difference = reproduced.succeed("dvc", "metrics", "diff", "--json", "main")
    assert "own_accuracy" in difference

    add(root, range(8, 12))
    reproduced.succeed("dvc", "repro", "preprocess")
    after = sides(root)
    assert len(after) == 70
    assert {path: after[path] for path in before} == before

    for digit in range(10):
        shutil.rmtree(root / "data/own" / str(digit))
    assert "Running stage 'evaluate'" in reproduced.succeed("dvc", "repro")
    assert reproduced.lock() == first
    assert "own_images" not in (root / "metrics/metrics.json").read_text()


def test_dvc_takes_the_folder_over_from_git(reproduced: Pipeline) -> None:
    """With the two commands of docs/your-data.md the pictures are tracked by DVC."""
    add(reproduced.root, range(6, 7))
    reproduced.succeed("git", "rm", "-r", "--cached", "--quiet", "data/own")
    reproduced.succeed("dvc", "add", "data/own")
    listed = reproduced.succeed("git", "status", "--porcelain", "--untracked-files=all")
    assert "data/own.dvc" in listed
    assert ".png" not in listed
