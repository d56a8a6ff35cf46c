"""What a run was made from: its parameters and its code.

dvc.lock says what was run, not params.yaml, which may have been edited since.
"""

import hashlib
from typing import Any, NamedTuple

from experiments.sources import Source

LOCK, PARAMS = "dvc.lock", "params.yaml"
MODEL, TEST_IMAGES = "models/model.keras", "data/processed/test_images.npy"
DATASET, SEED, NETWORKS = "download.dataset", "train.seed", "train.networks"
# The stages that lead to the predictions: what `plot` takes changes no answer.
OWN_PICTURES, CODE = "data/own", ("stages/", "pictures")
STAGES = ("download", "preprocess", "train", "evaluate")


class Configuration(NamedTuple):
    """What a run was made from, and the MD5 digests of its files, as dvc.lock has them."""

    params: dict[str, Any]  # by dotted names: train.dropout
    code: dict[str, str]  # path of a file or folder: digest
    outputs: dict[str, str]  # path: digest
    test_images: str  # digest of the array that was scored
    own_pictures: str  # digest of the folder; "" before there was one

    def equals(self, other: "Configuration") -> bool:
        """Say whether the two differ in nothing but the seed."""
        seed = {SEED: None}
        same_params = self.params | seed == other.params | seed
        same_data = self.own_pictures == other.own_pictures
        return same_params and same_data and self.code == other.code

    def shares_a_network(self, other: "Configuration") -> bool:
        """Say whether two runs of one configuration have a network in common.

        A run of several networks trains them with its seed and those that follow it.
        """
        return bool(abs(self.params[SEED] - other.params[SEED]) < self.params[NETWORKS])


def read_configuration(source: Source) -> Configuration | None:
    """Read what was run from dvc.lock; None if that is missing or tells of no finished run.

    Raises `StageError` if dvc.lock is not YAML.
    """
    lock = source.read_yaml(LOCK)
    try:
        stages = {name: lock["stages"][name] for name in STAGES}
        inputs, outputs = (_digests(stages, kind) for kind in ("deps", "outs"))
        params: dict[str, Any] = {}
        for stage in stages.values():
            params |= flat(stage.get("params", {}).get(PARAMS, {}))
        code = {path: md5 for path, md5 in inputs.items() if path.startswith(CODE)}
        own = inputs.get(OWN_PICTURES, "")
        configuration = Configuration(params, code, outputs, inputs[TEST_IMAGES], own)
        # After an interrupted run, the scores are those of an earlier model.
        finished = inputs[MODEL] == outputs[MODEL] and DATASET in params
        finished &= all(type(params[name]) is int for name in (SEED, NETWORKS))
    except (KeyError, TypeError, AttributeError):
        return None
    return configuration if finished else None


def digest(content: bytes) -> str:
    """Return the MD5 digest by which DVC knows a file."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def flat(sections: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested parameters by dotted names: {"train": {"seed": 0}} as {"train.seed": 0}."""
    found: dict[str, Any] = {}
    for key, value in sections.items():
        name = f"{prefix}{key}"
        found |= flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found


def _digests(stages: dict[str, Any], kind: str) -> dict[str, str]:
    return {item["path"]: item["md5"] for stage in stages.values() for item in stage.get(kind, [])}
