"""dvc.yaml must list all that a stage uses: DVC reruns a stage only if a listed item changes."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.idx import IDX_FILES
from stages.own_pictures import OWN_SPLITS
from stages.plot import Plot
from stages.preprocess import Preprocess
from stages.shared.arrays import SPLITS
from stages.shared.dataset import Download
from stages.shared.params import SECTION_NAMES, load_section
from stages.training.settings import Train
from tests.conftest import PROJECT

PIPELINE: dict[str, Any] = yaml.safe_load((PROJECT / "dvc.yaml").read_text())
STAGES: dict[str, Any] = PIPELINE["stages"]
RECIPES: dict[str, Any] = yaml.safe_load((PROJECT / "recipes" / "dvc.yaml").read_text())["stages"]
DATA = ("data/raw/dataset.json", "data/processed/dataset.json")
LOADED_SPLITS = {
    "train": ("train_", "validation_", "own_train_"),
    "evaluate": ("test_", "own_test_", "own_pictures"),
    "plot": ("test_",),
}
INIT = "stages/__init__.py"
FOLDERS = ("pictures", "stages/figures", "stages/shared", "stages/training")


def local_imports(path: Path) -> set[Path]:
    """Return `path` and every file of the project that it imports, directly or through another."""
    found: set[Path] = set()
    pending = {path}
    while pending:
        current = pending.pop()
        found.add(current)
        pending |= _imported_by(current) - found
    return found


def _imported_by(path: Path) -> set[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports are not followed here"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    files = set()
    for name in names:
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            module = PROJECT.joinpath(*parts[:length])
            files |= {module.with_suffix(".py"), module / "__init__.py"}
    return {file for file in files if file.is_file()}


def sections_loaded(path: Path) -> set[str]:
    """Return the sections of params.yaml that a module loads, by its calls of `load_section`."""
    return {
        call.args[0].id.lower()
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "load_section"
        and isinstance(call.args[0], ast.Name)
    }


def listed_paths(stage: dict[str, Any], key: str) -> set[str]:
    """Return the paths under `deps`, `outs`, `metrics` or `plots` of a stage."""
    return {item if isinstance(item, str) else next(iter(item)) for item in stage.get(key, [])}


@pytest.mark.parametrize("name", STAGES)
def test_deps_list_all_code_that_is_imported(name: str) -> None:
    """The deps of a stage are exactly the files it imports, or the folders that hold them."""
    files = {
        path.relative_to(PROJECT)
        for path in local_imports(PROJECT / "stages" / f"{name}.py") | {PROJECT / INIT}
    }
    code = [Path(path) for path in listed_paths(STAGES[name], "deps") if is_code(path)]
    for file in files:
        assert any(file.is_relative_to(path) for path in code), f"{file} is missing"
    for path in code:
        assert any(file.is_relative_to(path) for file in files), f"{path} is not imported"


def is_code(path: str) -> bool:
    """Return whether a dep is code, not data."""
    return path in FOLDERS or path.endswith(".py")


def test_folders_of_code_hold_code_alone() -> None:
    """The code folders hold only code, because any other file would make stages stale."""
    for folder in FOLDERS:
        files = [path for path in (PROJECT / folder).rglob("*") if path.is_file()]
        assert all(path.suffix == ".py" or path.parent.name == "__pycache__" for path in files)
    for project in (PROJECT, PROJECT / "recipes"):
        assert "__pycache__" in (project / ".dvcignore").read_text().splitlines()


@pytest.mark.parametrize("name", STAGES)
def test_params_list_every_section_that_is_loaded(name: str) -> None:
    """The params of a stage are exactly the sections that its module loads."""
    loaded = sections_loaded(PROJECT / "stages" / f"{name}.py")
    assert set(STAGES[name].get("params", [])) == loaded
    assert loaded <= set(SECTION_NAMES)


def test_every_section_is_loaded_by_some_stage() -> None:
    """Every section of params.yaml is loaded by at least one stage."""
    used = {section for name in STAGES for section in STAGES[name].get("params", [])}
    assert used == set(SECTION_NAMES)


def test_data_files_are_listed_one_by_one() -> None:
    """The outs and deps are the files that the code writes and loads."""
    raw = {f"data/raw/{name}" for pair in IDX_FILES.values() for name in pair} | {DATA[0]}
    arrays = {
        f"data/processed/{split}_{kind}.npy"
        for split in (*SPLITS, *OWN_SPLITS)
        for kind in ("images", "labels")
    } | {"data/processed/own_pictures.csv"}
    assert listed_paths(STAGES["download"], "outs") == raw
    assert raw <= listed_paths(STAGES["preprocess"], "deps")
    assert listed_paths(STAGES["preprocess"], "outs") == arrays | {DATA[1]}
    for name, splits in LOADED_SPLITS.items():
        expected = {array for array in arrays if Path(array).name.startswith(splits)}
        listed = listed_paths(STAGES[name], "deps")
        assert {dep for dep in listed if dep.startswith("data/processed/")} == expected | {DATA[1]}


def test_pictures_and_metrics_are_in_git() -> None:
    """DVC does not cache metrics/ and plots/, so a fresh clone has them without a remote."""
    for stage in STAGES.values():
        for item in [*stage.get("metrics", []), *stage.get("plots", [])]:
            assert all(properties["cache"] is False for properties in item.values())
    assert {"metrics/predictions.csv": {"cache": False}} in STAGES["evaluate"]["outs"]


def with_default_paths(value: Any) -> Any:
    """Replace a recipe's paths with the default pipeline's in all strings of `value`."""
    if isinstance(value, dict):
        return {with_default_paths(k): with_default_paths(v) for k, v in value.items()}
    if isinstance(value, list):
        return [with_default_paths(item) for item in value]
    if not isinstance(value, str):
        return value
    for recipe, default in (
        ("data/${key}", "data/raw"),  # of download, where the key is the data set
        ("data/${item}", "data/raw"),
        ("${item}", "params.yaml"),
        ("${key}/arrays", "data/processed"),
        ("${key}/model", "models/model"),
        ("${key}/params.yaml", "params.yaml"),
        ("${key}/augmented_images.npy", "models/augmented_images.npy"),
        *(
            (f"${{key}}/{name}", f"metrics/{name}")
            for name in (
                "data.csv",
                "training.json",
                "metrics.json",
                "per_class.csv",
                "confusion.csv",
                "own_predictions.csv",
                "predictions.csv",
            )
        ),
        ("../models/start.keras", "models/start.keras"),
        (", ${key}", ""),
        ("${key}", "plots"),
    ):
        value = value.replace(recipe, default)
    return value


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_run_through_the_same_stages(name: str) -> None:
    """Each recipe stage equals the stage in dvc.yaml, except for its paths."""
    recipe = with_default_paths(RECIPES[name]["do"])
    default = STAGES[name]
    assert recipe["cmd"] == default["cmd"]
    for key in ("deps", "outs", "metrics", "plots"):
        assert recipe.get(key) == default.get(key)
    in_one_file = [{"params.yaml": default["params"]}] if "params" in default else None
    assert recipe.get("params") == in_one_file


def test_recipes_are_the_folders_with_parameters() -> None:
    """Each folder with a params.yaml is a recipe of every stage, and its file is valid.

    It names the data set that dvc.yaml gives to the recipe, and download fetches that.
    """
    folders = {path.parent.name for path in (PROJECT / "recipes").glob("*/params.yaml")}
    assert set(RECIPES) == set(STAGES)
    for stage in set(RECIPES) - {"download"}:
        assert set(RECIPES[stage]["foreach"]) == folders
    for folder in folders:
        for section in (Download, Preprocess, Train, Plot):
            load_section(section, PROJECT / "recipes" / folder / "params.yaml")
    for name, file in RECIPES["download"]["foreach"].items():
        assert load_section(Download, PROJECT / "recipes" / file).dataset == name
    for recipe, name in RECIPES["preprocess"]["foreach"].items():
        params = PROJECT / "recipes" / recipe / "params.yaml"
        assert load_section(Download, params).dataset == name
        assert name in RECIPES["download"]["foreach"]


@pytest.mark.parametrize("name", ["download", "preprocess", "plot"])
def test_only_train_and_evaluate_import_tensorflow(name: str) -> None:
    """The other stages do not wait for TensorFlow's import, which takes seconds."""
    imported = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for path in local_imports(PROJECT / "stages" / f"{name}.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert not imported & {"tensorflow", "keras"}
