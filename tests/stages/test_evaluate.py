import sys
from pathlib import Path

import pytest

from stages.evaluate import main
from stages.shared.arrays import LabelledImages, save_split
from stages.shared.cli import StageError
from stages.shared.dataset import DataSet, write_dataset
from stages.training.architectures import build_model
from stages.training.model_file import save_model

CLASSES = tuple("0123456789")


def test_refuses_a_model_of_other_classes(
    tmp_path: Path, random_images: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of three classes cannot be scored on ten; nothing is written."""
    save_split(tmp_path, "test", random_images)
    write_dataset(tmp_path / "dataset.json", DataSet("own", CLASSES))
    save_model(build_model("mlp", dropout=0, num_classes=3), tmp_path / "model.keras")
    arguments = ["--processed", str(tmp_path), "--model", str(tmp_path / "model.keras")]
    for name in ("metrics", "classes", "confusion", "predictions", "own"):
        arguments += [f"--{name}", str(tmp_path / "out" / name)]
    monkeypatch.setattr(sys, "argv", ["", *arguments])
    monkeypatch.setattr("stages.evaluate.use_kernels", lambda **_: None)
    monkeypatch.setattr("stages.evaluate.make_deterministic", lambda **_: None)
    with pytest.raises(StageError, match="found a model of 3 classes, expected the 10 of own"):
        main()
    assert not (tmp_path / "out").exists()
