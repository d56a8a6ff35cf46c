"""README's figures and commands are those of the project."""

import json
import re

from benchmarks.recipes import RUNS
from benchmarks.results import RESULTS, table
from stages.files import read_csv
from tests.conftest import PROJECT, committed

README = (PROJECT / "README.md").read_text()


def test_the_result_is_that_of_metrics() -> None:
    """The table near the top is what metrics/metrics.json says."""
    metrics = json.loads(committed("metrics/metrics.json"))
    low, high = f"{metrics['accuracy_low']:.2%}", f"{metrics['accuracy_high']:.2%}"
    row = (
        f"| {metrics['dataset']} | {metrics['images']:,} | {metrics['errors']:,} "
        f"| {metrics['accuracy']:.2%} | {low[:-1]} to {high} |"
    ).replace("%", " %")
    assert row in README


def test_the_table_of_recipes_is_that_of_the_benchmark() -> None:
    """It is what `python -m benchmarks.results` prints."""
    shown = README.split("<!-- recipes -->\n")[1].split("\n<!-- /recipes -->")[0]
    assert shown == table(read_csv(RESULTS))


def test_the_benchmark_measured_the_recipes_as_they_are() -> None:
    """With the parameter files' own seeds it made the very errors that the pipelines' runs made."""
    first = read_csv(RESULTS).groupby("recipe", sort=False)["errors"].first()
    assert set(first.index) == set(RUNS)
    for recipe, errors in first.items():
        folder = "metrics" if recipe == "default" else f"recipes/{recipe}"
        assert errors == json.loads(committed(f"{folder}/metrics.json"))["errors"]


def files_in_the_tree() -> set[str]:
    """Return the Python files that README's tree lists, each with its folder."""
    files, folder = set(), ""
    for line in README[README.index("## Files") : README.index("## Terms")].splitlines():
        if match := re.match(r"    (\w+)/", line):
            folder = match[1]
        for name in re.findall(r"(?<![\w/])\w+\.py\b", line):
            files.add(f"{folder}/{name}")
    return files


def test_links_and_files_exist() -> None:
    """Every file that README links to, shows or lists is there."""
    linked = {target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target}
    listed = files_in_the_tree()
    assert len(linked) > 5
    assert len(listed) > 20
    assert not {target for target in linked | listed if not (PROJECT / target).exists()}


def test_commands_are_the_makefiles() -> None:
    """What `make test` does is what README spells out for those without make."""
    makefile = (PROJECT / "Makefile").read_text()
    for command in ("ruff check", "ruff format --check", "mypy", "pytest", "dvc repro"):
        assert command in README
        assert command in makefile


def test_every_module_is_in_the_file_tree() -> None:
    """The tree in README leaves no module out, but for the stages, which its table names."""
    stages = {
        f"stages/{name}.py" for name in ("download", "preprocess", "train", "evaluate", "plot")
    }
    modules = {
        str(path.relative_to(PROJECT))
        for folder in ("app", "benchmarks", "stages")
        for path in (PROJECT / folder).glob("*.py")
        if path.name != "__init__.py"
    }
    assert modules - stages <= files_in_the_tree()
    assert all(stage in README for stage in stages)
