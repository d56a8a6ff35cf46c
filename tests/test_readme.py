"""README's figures and commands are those of the project."""

import json
import re

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


def test_links_and_files_exist() -> None:
    """Every file that README links to, shows or lists is there."""
    linked = {target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target}
    listed = set(re.findall(r"\b(?:stages|tests|benchmarks)/[\w/]+\.py\b", README))
    listed |= {f"stages/{name}" for name in re.findall(r"^      (\w+\.py)", README, re.MULTILINE)}
    assert len(linked) > 5
    assert len(listed) > 5
    assert not {target for target in linked | listed if not (PROJECT / target).exists()}


def test_commands_are_the_makefiles() -> None:
    """What `make test` does is what README spells out for those without make."""
    makefile = (PROJECT / "Makefile").read_text()
    for command in ("ruff check", "ruff format --check", "mypy", "pytest", "dvc repro"):
        assert command in README
        assert command in makefile


def test_every_module_is_in_the_file_tree() -> None:
    """The tree in README leaves no module of stages/ out."""
    tree = README[README.index("## Files") :]
    names = {path.name for path in (PROJECT / "stages").glob("*.py")} - {"__init__.py"}
    stages = {"download.py", "preprocess.py", "train.py", "evaluate.py", "plot.py"}
    assert not {name for name in names - stages if name not in tree}
