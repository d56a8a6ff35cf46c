"""dvc.lock, metrics/ and plots/ are those of the code and the parameters; needs no data."""

from pathlib import Path

import pytest
from dvc.dependency import ParamsDependency
from dvc.repo import Repo
from dvc.stage import PipelineStage

from tests.conftest import PROJECT


def cached(project: Path) -> dict[str, str]:
    """Return the hashes of what a project keeps in DVC's cache, by its path."""
    with Repo(str(project)) as repo:
        outs = [out for stage in repo.index.stages for out in stage.outs if out.use_cache]
        return {out.fs_path: out.hash_info.value for out in outs}


def differences(project: Path) -> list[str]:
    """Return a line for each part of a stage that is not as dvc.lock has it.

    These are its command, its parameters, its code and the results that are in Git. Data in DVC's
    cache may be missing; that of the default project, which others read, has the hashes of its run.
    """
    found = []
    in_cache = cached(PROJECT) | cached(project)
    with Repo(str(project)) as repo:
        for stage in repo.index.stages:
            assert isinstance(stage, PipelineStage)
            if stage.cmd_changed:
                found.append(f"{stage.addressing}: another command")
            for item in [*stage.deps, *stage.outs]:
                if isinstance(item, ParamsDependency) or item.fs_path not in in_cache:
                    found += [
                        f"{stage.addressing}: {name} is {what}"
                        for name, what in item.status().items()
                    ]
                elif item.hash_info.value != in_cache[item.fs_path]:
                    found.append(f"{stage.addressing}: {item} is not that of the run")
    return found


PROJECTS = {
    "default": PROJECT,
    "recipes": PROJECT / "recipes",
    "handwriting": PROJECT / "handwriting",
}


@pytest.mark.parametrize("project", PROJECTS.values(), ids=PROJECTS)
def test_the_results_are_those_of_the_code(project: Path) -> None:
    """Nothing has been changed since the run in dvc.lock."""
    remedy = f"another state than dvc.lock's: type `dvc repro` in {project}, then commit"
    assert not differences(project), remedy
