"""dvc.yaml against the code: DVC runs a stage again only for what it is told about."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages import params
from stages.dataset import IDX_FILES, SPLITS
from stages.params import SECTIONS
from tests.conftest import PROJECT

PIPELINE: dict[str, Any] = yaml.safe_load((PROJECT / "dvc.yaml").read_text())
STAGES: dict[str, Any] = PIPELINE["stages"]
RECIPES: dict[str, Any] = yaml.safe_load((PROJECT / "recipes" / "dvc.yaml").read_text())["stages"]
READS = {"train": ("train_", "validation_"), "evaluate": ("test_",), "plot": ("test_",)}


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
    """Return the sections of params.yaml that a module loads, by its calls of `params.load`."""
    return {
        call.args[0].attr.lower()
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "params.load"
        and isinstance(call.args[0], ast.Attribute)
    }


def listed_paths(stage: dict[str, Any], key: str) -> set[str]:
    """Return the paths under `deps`, `outs`, `metrics` or `plots` of a stage."""
    return {item if isinstance(item, str) else next(iter(item)) for item in stage.get(key, [])}


@pytest.mark.parametrize("name", STAGES)
def test_deps_list_every_module_that_is_imported(name: str) -> None:
    """Neither one too few, which would miss a change, nor one too many."""
    code = {
        str(path.relative_to(PROJECT)) for path in local_imports(PROJECT / "stages" / f"{name}.py")
    }
    listed = {path for path in listed_paths(STAGES[name], "deps") if path.endswith(".py")}
    assert listed == code | {"stages/__init__.py"}


@pytest.mark.parametrize("name", STAGES)
def test_params_list_every_section_that_is_read(name: str) -> None:
    """A stage depends on the sections that its module loads, and each is a real one."""
    modules = local_imports(PROJECT / "stages" / f"{name}.py")
    loaded = set().union(*(sections_loaded(module) for module in modules))
    assert set(STAGES[name].get("params", [])) == loaded
    assert loaded <= set(SECTIONS)


def test_every_section_is_read_by_some_stage() -> None:
    """No parameter is parsed and ignored: each section is loaded somewhere."""
    used = {section for name in STAGES for section in STAGES[name].get("params", [])}
    assert used == set(SECTIONS)


def test_data_files_are_listed_one_by_one() -> None:
    """The names that the code writes and reads are the outs and deps."""
    raw = {f"data/raw/{name}" for pair in IDX_FILES.values() for name in pair}
    arrays = {
        f"data/processed/{split}_{kind}.npy" for split in SPLITS for kind in ("images", "labels")
    }
    assert listed_paths(STAGES["download"], "outs") == raw
    assert raw <= listed_paths(STAGES["preprocess"], "deps")
    assert listed_paths(STAGES["preprocess"], "outs") == arrays
    for name, splits in READS.items():
        expected = {array for array in arrays if Path(array).name.startswith(splits)}
        assert {dep for dep in listed_paths(STAGES[name], "deps") if "npy" in dep} == expected


def test_pictures_and_metrics_are_in_git() -> None:
    """metrics/ and plots/ have no cache, so that a fresh clone shows them without a remote."""
    for stage in STAGES.values():
        for item in [*stage.get("metrics", []), *stage.get("plots", [])]:
            assert all(properties["cache"] is False for properties in item.values())


def in_the_default(value: Any) -> Any:
    """Put the default recipe's paths in the place of a recipe's, in all strings of `value`."""
    if isinstance(value, dict):
        return {in_the_default(k): in_the_default(v) for k, v in value.items()}
    if isinstance(value, list):
        return [in_the_default(item) for item in value]
    if not isinstance(value, str):
        return value
    for recipe, default in (
        ("data/recipes/${item.recipe}", "data/processed"),
        ("models/recipes/${item.recipe}", "models/model"),
        ("recipes/${item.recipe}.yaml", "params.yaml"),
        ("recipes/${item.recipe}/data.json", "metrics/data.json"),
        ("recipes/${item.recipe}/metrics.json", "metrics/metrics.json"),
        ("recipes/${item.recipe}/predictions.csv", "metrics/predictions.csv"),
        ("recipes/${item.recipe}", "plots"),
    ):
        value = value.replace(recipe, default)
    return value


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_run_through_the_same_stages(name: str) -> None:
    """But for their paths, the parameter file among them, they are dvc.yaml's."""
    recipe = in_the_default(RECIPES[name])
    default = STAGES[name]
    assert recipe["wdir"] == ".."
    assert recipe["cmd"] == default["cmd"]
    for key in ("deps", "outs", "metrics", "plots"):
        assert recipe.get(key) == default.get(key)
    if "params" in default:
        assert recipe["params"] == [{"params.yaml": default["params"]}]


def test_recipes_are_the_files_that_are_there() -> None:
    """Each file of parameters is a recipe in dvc.yaml's matrix, in every stage, and is valid."""
    files = {path.stem for path in (PROJECT / "recipes").glob("*.yaml")} - {"dvc"}
    assert set(RECIPES) == set(STAGES) - {"download"}
    for stage in RECIPES.values():
        assert set(stage["matrix"]["recipe"]) == files
    for recipe in files:
        for section in SECTIONS.values():
            params.load(section, PROJECT / "recipes" / f"{recipe}.yaml")


@pytest.mark.parametrize("name", ["download", "preprocess", "plot"])
def test_only_train_and_evaluate_import_tensorflow(name: str) -> None:
    """The other stages start without its seconds."""
    imported = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for path in local_imports(PROJECT / "stages" / f"{name}.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert not imported & {"tensorflow", "keras"}
