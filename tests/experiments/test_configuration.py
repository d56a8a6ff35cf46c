from pathlib import Path
from typing import Any

import pytest
import yaml

from experiments.configuration import Configuration, digest, flat, read_configuration
from experiments.sources import Source

WORKSPACE = Source("workspace", "", "")


def lock() -> dict[str, Any]:
    """Return the stages of a finished run; some have no parameters, deps or outs."""
    return {
        "download": {
            "params": {"params.yaml": {"download": {"dataset": "digits"}}},
            "outs": [{"path": "data/raw", "md5": "raw"}],
        },
        "preprocess": {"deps": [{"path": "data/raw", "md5": "raw"}]},
        "train": {
            "params": {"params.yaml": {"train": {"seed": 3, "networks": 2, "stop": {"after": 5}}}},
            "deps": [
                {"path": "stages/train.py", "md5": "code"},
                {"path": "pictures", "md5": "more code"},
                {"path": "data/own", "md5": "own"},
            ],
            "outs": [{"path": "models/model.keras", "md5": "model"}],
        },
        "evaluate": {
            "params": {"other.yaml": {"batch": 1}},
            "deps": [
                {"path": "models/model.keras", "md5": "model"},
                {"path": "data/processed/test_images.npy", "md5": "images"},
            ],
        },
        "plot": {
            "params": {"params.yaml": {"plot": {"examples": 8}}},
            "deps": [{"path": "stages/plot.py", "md5": "plot"}],
        },
    }


def read(stages: dict[str, Any]) -> Configuration | None:
    """Read the configuration of a run with these stages."""
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": stages}))
    return read_configuration(WORKSPACE)


def test_a_configuration_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the parameters and the code of the stages that lead to the predictions."""
    monkeypatch.chdir(tmp_path)
    assert read(lock()) == Configuration(
        params={
            "download.dataset": "digits",
            "train.seed": 3,
            "train.networks": 2,
            "train.stop.after": 5,
        },
        code={"stages/train.py": "code", "pictures": "more code"},
        outputs={"data/raw": "raw", "models/model.keras": "model"},
        test_images="images",
        own_pictures="own",
    )
    stages = lock()
    del stages["train"]["deps"][2]
    without = read(stages)
    assert without
    assert without.own_pictures == ""


def test_a_run_that_is_not_finished_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stage must have run, on the model that is there, and with the parameters we need."""
    monkeypatch.chdir(tmp_path)
    for name in ("download", "preprocess", "train", "evaluate"):
        stages = lock()
        del stages[name]
        assert read(stages) is None
    for stage, name, value in (
        ("download", "dataset", None),
        ("train", "seed", "3"),
        ("train", "seed", True),
        ("train", "networks", 2.0),
    ):
        stages = lock()
        params = stages[stage]["params"]["params.yaml"][stage]
        if value is None:
            del params[name]
        else:
            params[name] = value
        assert read(stages) is None
    stages = lock()
    stages["evaluate"]["deps"][0]["md5"] = "earlier model"
    assert read(stages) is None


@pytest.mark.parametrize("content", ["", "stages:", "stages: [1]", "- 1", "stages: {train: 1}"])
def test_a_file_of_another_form_has_none(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dvc.lock may be empty, or written by another version of DVC."""
    monkeypatch.chdir(tmp_path)
    assert read_configuration(WORKSPACE) is None
    (tmp_path / "dvc.lock").write_text(content)
    assert read_configuration(WORKSPACE) is None


def test_configurations_are_equal_but_for_the_seed() -> None:
    """Other parameters, code or own pictures make another configuration; outputs do not."""
    params = {"train.seed": 0, "train.dropout": 0.4}
    one = Configuration(params, {"stages": "a"}, {"x": "1"}, "images", "own")
    assert one.equals(one._replace(params=params | {"train.seed": 1}, outputs={}))
    for other in (
        one._replace(params=params | {"train.dropout": 0.5}),
        one._replace(params={"train.seed": 0}),
        one._replace(code={"stages": "b"}),
        one._replace(own_pictures=""),
    ):
        assert not one.equals(other)
        assert not other.equals(one)


@pytest.mark.parametrize(("seed", "shares"), [(2, True), (5, True), (6, False), (12, False)])
def test_runs_share_a_network_if_their_seeds_are_near(seed: int, shares: bool) -> None:
    """A run of four networks from seed 2 has the seeds 2 to 5."""
    one, other = (
        Configuration({"train.seed": first, "train.networks": 4}, {}, {}, "", "")
        for first in (2, seed)
    )
    assert one.shares_a_network(other) == other.shares_a_network(one) == shares


def test_parameters_have_dotted_names() -> None:
    """However deep they are, in the order of the file."""
    nested = {"a": {"b": {"c": 1}, "d": None}, "e": [2], "f": {}}
    assert list(flat(nested).items()) == [("a.b.c", 1), ("a.d", None), ("e", [2])]


def test_a_digest_is_the_one_of_dvc() -> None:
    """MD5 in hexadecimal digits, here that of RFC 1321."""
    assert digest(b"abc") == "900150983cd24fb0d6963f7d28e17f72"
