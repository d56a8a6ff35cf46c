"""The runs of the project: what each was made from and what it answered; groups of seeds.

dvc.lock says what was run, not params.yaml, which may have been edited since.
"""

import hashlib
import io
from typing import Any, NamedTuple

import pandas as pd
from numpy.typing import NDArray

from experiments.sources import Source, experiments
from stages.shared.cli import StageError, one_line

LOCK, PARAMS = "dvc.lock", "params.yaml"
PREDICTIONS, HISTORY, MODEL = "metrics/predictions.csv", "plots/history.csv", "models/model.keras"
TEST_IMAGES = "data/processed/test_images.npy"
COLUMNS = ("index", "label", "predicted", "confidence")
DATASET, SEED, NETWORKS = "download.dataset", "train.seed", "train.networks"
# The stages that lead to the predictions: what `plot` takes changes no answer.
STAGES = ("download", "preprocess", "train", "evaluate")


class Recipe(NamedTuple):
    """What a run was made from, and the MD5 digests of its files, as dvc.lock has them."""

    params: dict[str, Any]  # by dotted names: train.dropout
    code: dict[str, str]  # path of a file or folder: digest
    outputs: dict[str, str]  # path: digest
    test_images: str  # digest of the array that was scored

    def equals(self, other: "Recipe") -> bool:
        """Say whether the two differ in nothing but the seed."""
        seed = {SEED: None}
        return self.params | seed == other.params | seed and self.code == other.code

    def shares_a_network(self, other: "Recipe") -> bool:
        """Say whether two runs of one recipe have a network in common.

        A run of several networks trains them with its seed and those that follow it.
        """
        return bool(abs(self.params[SEED] - other.params[SEED]) < self.params[NETWORKS])


class Run(NamedTuple):
    """A finished run and its answers."""

    source: Source
    recipe: Recipe
    labels: NDArray[Any]  # (N,), 0 to 9
    predicted: NDArray[Any]  # (N,), 0 to 9

    @property
    def seed(self) -> int:
        return int(self.recipe.params[SEED])

    @property
    def errors(self) -> int:
        return int((self.labels != self.predicted).sum())


def read_group(source: Source) -> list[Run]:
    """Read a run, and those on its baseline that differ from it in the seed alone, by their seeds.

    Two runs with a network in common are not two draws: only the first one counts.
    """
    group = [read_run(source)]
    baseline = Source(source.baseline[:10], source.baseline, source.baseline)
    for other in (baseline, *experiments()):
        recipe = read_recipe(other) if other.baseline == source.baseline else None
        if (
            recipe
            and recipe.equals(group[0].recipe)
            and not any(recipe.shares_a_network(run.recipe) for run in group)
        ):
            group.append(read_run(other))
    return sorted(group, key=lambda run: run.seed)


def read_run(source: Source) -> Run:
    """Read a run's recipe and predictions.

    Raises `StageError` if there is no finished run, or if its files are not those of its dvc.lock.
    """
    recipe = read_recipe(source)
    if recipe is None:
        raise source.stale(f"no finished run in {LOCK}", "one with predictions")
    if not source.commit:
        _check_params(source, recipe)
    table = read_table(source, recipe, PREDICTIONS)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise source.stale(f"{PREDICTIONS} without {missing[0]}", f"columns {', '.join(COLUMNS)}")
    if list(table["index"]) != list(range(len(table))):
        raise source.stale(f"{PREDICTIONS} in another order", "the index 0, 1, 2, …")
    return Run(source, recipe, table["label"].to_numpy(), table["predicted"].to_numpy())


def read_table(source: Source, recipe: Recipe, path: str) -> pd.DataFrame:
    """Read a CSV file of a run.

    Raises `StageError` if it is missing, or not the one that the run wrote.
    """
    content = source.read(path)
    if content is None:
        raise source.stale(f"no {path}", "the one that its run wrote")
    if digest(content) != recipe.outputs.get(path):
        raise source.stale(f"{path} of another run", f"the one in {LOCK}")
    try:
        return pd.read_csv(io.BytesIO(content))
    except ValueError as error:
        raise source.stale(f"{path} with {one_line(error)}", "CSV") from error


def read_recipe(source: Source) -> Recipe | None:
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
        code = {path: md5 for path, md5 in inputs.items() if path.startswith("stages/")}
        recipe = Recipe(params, code, outputs, inputs[TEST_IMAGES])
        # After an interrupted run, the scores are those of an earlier model.
        finished = inputs[MODEL] == outputs[MODEL] and {SEED, NETWORKS, DATASET} <= params.keys()
    except (KeyError, TypeError, AttributeError):
        return None
    return recipe if finished else None


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


def check_same_test_set(runs: list[Run]) -> None:
    """Raise `StageError` if the runs were not scored on the same test images."""
    first = runs[0]
    for run in runs[1:]:
        ours, theirs = (f"{found.recipe.params[DATASET]}" for found in (first, run))
        if ours == theirs and len(first.labels) != len(run.labels):
            ours, theirs = (f"{len(found.labels):,} test images" for found in (first, run))
        elif ours == theirs:
            ours, theirs = f"one test split of {ours}", "another"
        if len(first.labels) != len(run.labels) or (first.labels != run.labels).any():
            raise StageError(
                f"{first.source.name} and {run.source.name}: found {ours} and {theirs}, expected "
                "the same test images in the same order; type two runs with equal parameters of "
                "download and preprocess"
            )


def _digests(stages: dict[str, Any], kind: str) -> dict[str, str]:
    return {item["path"]: item["md5"] for stage in stages.values() for item in stage.get(kind, [])}


def _check_params(source: Source, recipe: Recipe) -> None:
    """Refuse a workspace whose params.yaml was edited after its run."""
    sections = {name.partition(".")[0] for name in recipe.params}
    content = source.read_yaml(PARAMS) or {}
    written = flat({name: content[name] for name in sections if name in content})
    for name in sorted({*written, *recipe.params}):
        ours, theirs = (
            f"{name}: {values[name]}" if name in values else f"no {name}"
            for values in (written, recipe.params)
        )
        if ours != theirs:
            raise source.stale(f"{ours} in {PARAMS}", f"{theirs} as in {LOCK}")
