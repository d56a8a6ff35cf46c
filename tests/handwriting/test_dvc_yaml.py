"""handwriting/dvc.yaml must list all that its stages use, as the default pipeline's does."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from handwriting.kinds import KINDS
from handwriting.settings import Characters, Network, load
from tests.conftest import PROJECT
from tests.test_dvc_yaml import listed_paths, local_imports

FOLDER = PROJECT / "handwriting"
STAGES: dict[str, Any] = yaml.safe_load((FOLDER / "dvc.yaml").read_text())["stages"]
FOLDERS = ("stages/shared", "stages/training", "handwriting/data")


@pytest.mark.parametrize("name", STAGES)
def test_deps_list_all_code_that_is_imported(name: str) -> None:
    """The deps of a stage are exactly the files it imports, or the folders that hold them."""
    module = STAGES[name]["cmd"].split("python -m ")[1].split()[0].replace(".", "/")
    files = {
        path.relative_to(PROJECT).as_posix() for path in local_imports(PROJECT / f"{module}.py")
    }
    listed = {
        (FOLDER / path).resolve().relative_to(PROJECT.resolve()).as_posix()
        for path in listed_paths(STAGES[name], "deps")
    }
    code = {path for path in listed if path.endswith(".py") or path in FOLDERS[:2]}
    needed = {
        next((one for one in FOLDERS if file.startswith(one) and one in listed), file)
        for file in files
    }
    assert code == needed | {"handwriting/__init__.py"}


def test_paths_are_those_of_the_command() -> None:
    """Each path in a command is a dep, an out, or params.yaml; `dvc repro` runs in the folder."""
    for stage in STAGES.values():
        assert stage["cmd"].startswith("cd .. && exec python -m handwriting.")
        listed = {
            path
            for key in ("deps", "outs", "metrics", "plots")
            for path in listed_paths(stage, key)
        }
        for word in stage["cmd"].split():
            if word.startswith("handwriting/") and not word.endswith("params.yaml"):
                path = Path(word).relative_to("handwriting").as_posix()
                assert any(one == path or one.startswith(f"{path}/") for one in listed), word


def test_parameters_are_valid() -> None:
    """params.yaml holds both sections, with images of every kind."""
    settings = load(Characters, FOLDER / "params.yaml")
    assert list(settings.images) == list(KINDS)
    load(Network, FOLDER / "params.yaml")
