import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages.evaluate import main
from stages.shared.arrays import LabelledImages, save_split
from stages.shared.cli import StageError
from stages.shared.dataset import DataSet, write_dataset
from stages.shared.files import read_json
from stages.training.architectures import build_model
from stages.training.model_file import save_model

CLASSES = tuple("0123456789")
OUTPUTS = ("metrics", "classes", "confusion", "predictions", "own")


class Percents:
    """A model whose probabilities are an image's first two pixels, in percent."""

    output_shape = (None, 2)

    def predict(self, batches: Iterable[tuple[Any, Any]], verbose: int) -> Any:
        """Return a row for each image; a log has no progress bar."""
        assert verbose == 2
        images = np.concatenate([np.asarray(images) for images, _ in batches])
        return images[:, 0, :2, 0].astype(np.float32) / 100


def of_percents(percents: list[int], labels: list[int]) -> LabelledImages:
    """Return images to which `Percents` gives the second class with these probabilities."""
    images = np.zeros((len(percents), 28, 28, 1), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 1, 0] = 100 - np.array(percents, int), percents
    return LabelledImages(images, np.array(labels, np.uint8))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Give what the stage would set in this process."""
    machine: dict[str, Any] = {}
    monkeypatch.setattr("stages.evaluate.use_kernels", machine.update)
    monkeypatch.setattr("stages.evaluate.make_deterministic", machine.update)
    return machine


def evaluate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the stage on a folder of arrays; it writes to `out` in it."""
    arguments = ["--processed", str(folder), "--model", str(folder / "model.keras")]
    for name in OUTPUTS:
        arguments += [f"--{name}", str(folder / "out" / name)]
    monkeypatch.setattr(sys, "argv", ["", *arguments])
    main()


@pytest.mark.parametrize("own", [True, False])
def test_scores_by_hand(
    own: bool,
    tmp_path: Path,
    machine: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of twelve images one is wrong, and of two own pictures one; they are named by digests."""
    percents, labels = [10, 90, 20, 80, 30, 70, 40, 60, 5, 95, 15, 85], [0, 1] * 5 + [1, 1]
    save_split(tmp_path, "test", of_percents(percents, labels))
    of_own = of_percents([1, 2], [0, 1]) if own else of_percents([], [])
    save_split(tmp_path, "own_test", of_own)
    rows = [("a.png", "aa", "bag", "own_test"), ("b.png", "bb", "coat", "own_train")]
    rows += [("c.png", "cc", "coat", "own_test")]
    listed = pd.DataFrame(rows, columns=["picture", "sha256", "label", "split"])
    listed[listed["split"].eq("own_train") | own].to_csv(tmp_path / "own_pictures.csv", index=False)
    write_dataset(tmp_path / "dataset.json", DataSet("clothes", ("bag", "coat")))
    monkeypatch.setattr(
        "stages.evaluate.load_model", {tmp_path / "model.keras": Percents()}.__getitem__
    )
    evaluate(tmp_path, monkeypatch)

    out = tmp_path / "out"
    metrics = read_json(out / "metrics")
    assert list(metrics)[:3] == ["dataset", "images", "errors"]
    assert (metrics["dataset"], metrics["images"], metrics["errors"]) == ("clothes", 12, 1)
    owns = {name: value for name, value in metrics.items() if name.startswith("own_")}
    assert owns == ({"own_images": 2, "own_errors": 1, "own_accuracy": 0.5} if own else {})
    assert pd.read_csv(out / "classes")["errors"].tolist() == [0, 1]
    assert pd.read_csv(out / "confusion")["count"].tolist() == [5, 0, 1, 6]
    predictions = pd.read_csv(out / "predictions")
    assert predictions.iloc[10].tolist() == [10, "coat", "bag", 0.85, "coat"]
    assert (out / "own").read_text().splitlines() == [
        "sha256,label,predicted,confidence,runner_up",
        *(["aa,bag,bag,0.990000,coat", "cc,coat,bag,0.980000,coat"] if own else []),
    ]
    ten = ", ".join(["bag", "coat"] * 5)
    # Wilson's interval of 11 of 12.
    assert capsys.readouterr().out.splitlines() == [
        f"actual:    {ten}",
        f"predicted: {ten}",
        *(["own pictures: 1 errors in 2"] if own else []),
        "clothes: accuracy 0.9167 [0.6461, 0.9851], errors: 1 in 12 test images",
    ]
    assert machine == {"threads": 1, "instruction_set": "avx2", "seed": 0}


@pytest.mark.usefixtures("machine")
def test_refuses_a_model_of_other_classes(
    tmp_path: Path, random_images: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of three classes cannot be scored on ten; nothing is written."""
    save_split(tmp_path, "test", random_images)
    write_dataset(tmp_path / "dataset.json", DataSet("own", CLASSES))
    save_model(build_model("mlp", dropout=0, num_classes=3), tmp_path / "model.keras")
    with pytest.raises(StageError, match="found a model of 3 classes, expected the 10 of own"):
        evaluate(tmp_path, monkeypatch)
    assert not (tmp_path / "out").exists()
