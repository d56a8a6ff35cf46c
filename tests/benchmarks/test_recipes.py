import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import recipes
from benchmarks.results import MEASURED, PROBABILITIES
from stages.shared.cli import StageError
from stages.training.settings import Train
from tests.conftest import TRAIN


def test_recipes_take_turns() -> None:
    """Runs alternate between the recipes until each recipe has its count."""
    assert list(recipes.planned(["a", "b"], {"a": 1, "b": 3})) == [
        ("a", 0),
        ("b", 0),
        ("b", 1),
        ("b", 2),
    ]


def test_when_an_accuracy_was_first_reached() -> None:
    """The first time counts, even if the accuracy falls again later."""
    watched = [(1.0, 0.98), (2.0, 0.991), (3.0, 0.989), (4.0, 0.996)]
    assert recipes.seconds_to(0.99, watched) == 2
    assert recipes.seconds_to(0.996, watched) == 4
    assert recipes.seconds_to(0.997, watched) is None


def test_a_row_of_two_networks_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two networks with one error each have none together; their times are added."""
    np.save(tmp_path / "test_labels.npy", np.array([0, 1], np.uint8))
    probabilities = {
        6: [[0.9, 0.1, *[0.0] * 8], [0.6, 0.4, *[0.0] * 8]],
        7: [[0.4, 0.6, *[0.0] * 8], [0.1, 0.9, *[0.0] * 8]],
    }

    def measured(settings: Train, arrays: Path) -> tuple[dict[str, object], object]:
        assert settings.networks == 1
        facts = {
            "epochs": 2,
            "fit_seconds": 10.0,
            "watched": [[5.0, 0.0], [10.0, 0.5]],
            "macs_per_image": 100,
            "flops_share": 0.25,
            "peak_mb": 100.0 + settings.seed,
        }
        return facts, np.array(probabilities[settings.seed])

    monkeypatch.setattr(recipes, "measured_network", measured)
    settings = TRAIN.model_copy(update={"networks": 2, "seed": 4})
    assert recipes.row("two", 1, settings, tmp_path) == {
        "recipe": "two",
        "seed": 6,
        "test_accuracy": 1.0,
        "errors": 0,
        "epochs": 4,
        "fit_seconds": 20.0,
        "seconds_to_990": 20.0,
        "seconds_to_995": 20.0,
        "seconds_to_996": 20.0,
        "macs_per_image": 200,
        "flops_share": 0.25,
        "peak_mb": 107.0,
    }


def test_a_network_is_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished network is reused, other settings are trained, and a failure is an error."""
    (tmp_path / "kept").mkdir()
    monkeypatch.setattr(recipes, "FINISHED", tmp_path / "kept")
    script = tmp_path / "trains"
    script.write_text(
        f"#!{sys.executable}\nimport json, pathlib, sys\nimport numpy as np\n"
        "folder = pathlib.Path(sys.argv[-1])\nfolder.mkdir()\n"
        f"np.save(folder / {PROBABILITIES!r}, np.eye(10))\n"
        "seed = json.loads(sys.argv[3])['seed']\n"
        f"(folder / {MEASURED!r}).write_text(json.dumps({{'seed': seed}}))\n"
        "sys.exit(seed == 9)\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    first, _ = recipes.measured_network(TRAIN, tmp_path)
    assert first == {"seed": 0}
    (kept,) = (tmp_path / "kept").iterdir()
    (kept / MEASURED).write_text(json.dumps({"seed": "kept"}))
    assert recipes.measured_network(TRAIN, tmp_path)[0] == {"seed": "kept"}
    other = TRAIN.model_copy(update={"seed": 1})
    assert recipes.measured_network(other, tmp_path)[0] == {"seed": 1}
    with pytest.raises(StageError, match="a training run ended with 1"):
        recipes.measured_network(TRAIN.model_copy(update={"seed": 9}), tmp_path)
