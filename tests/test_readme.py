"""The results and commands in README.md and docs/ match the project."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.networks import METRICS, digits_table, none_table
from benchmarks.record import with_result
from benchmarks.results import FACTS, RESULTS, parameter_table, table
from stages.shared.files import read_csv, read_json
from tests.conftest import PROJECT, versions

README = (PROJECT / "README.md").read_text()
BENCHMARKS = (PROJECT / "docs" / "benchmarks.md").read_text()
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


def between(text: str, marker: str) -> str:
    """Return the text between the markers `<!-- marker -->` and `<!-- /marker -->`."""
    return text.split(f"<!-- {marker} -->\n")[1].split(f"\n<!-- /{marker} -->")[0]


def test_the_result_is_that_of_the_run() -> None:
    """The result table of README.md matches metrics/metrics.json."""
    recorded = [with_result(README, json.loads(text)) for text in versions("metrics/metrics.json")]
    assert README in recorded, "README.md has not the result of the last run: type `make record`"


def test_the_tables_of_recipes_are_those_of_the_benchmark() -> None:
    """docs/benchmarks.md has the tables that `python -m benchmarks.results` prints."""
    assert between(BENCHMARKS, "recipes") == table(read_csv(PROJECT / RESULTS))
    parameters = read_json(PROJECT / FACTS)["parameters"]
    assert between(BENCHMARKS, "parameters") == parameter_table(parameters)


def test_the_table_of_a_cluster_is_that_of_the_benchmark() -> None:
    """docs/cluster.md has the table that `python -m benchmarks.cluster_table` prints."""
    pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")
    from benchmarks.cluster_table import MEASURED, seconds_of_default
    from benchmarks.cluster_table import table as cluster_table

    measured = read_json(PROJECT / MEASURED)["measured"]
    page = (PROJECT / "docs" / "cluster.md").read_text()
    assert between(page, "cluster") == cluster_table(measured, seconds_of_default())


def test_the_tables_of_the_networks_are_those_of_their_metrics() -> None:
    """docs/own-digits.md has the tables that `python -m benchmarks.networks` prints."""
    metrics = read_json(PROJECT / METRICS)
    page = (PROJECT / "docs" / "own-digits.md").read_text()
    assert between(page, "none") == none_table(metrics)
    assert between(page, "digits") == digits_table(metrics)


def test_the_table_of_fashion_has_the_committed_run() -> None:
    """Its first seed in docs/benchmarks.md is recipes/fashion/metrics.json; its mean is right."""
    metrics = read_json(PROJECT / "recipes/fashion/metrics.json")
    rows = between(BENCHMARKS, "fashion").splitlines()[2:]
    accuracy = f"{100 * metrics['accuracy']:.2f}"
    assert rows[0] == f"| 0 | {metrics['errors']} | {accuracy} |"
    errors = [int(row.split("|")[2]) for row in rows[:-1]]
    assert f"| {np.mean(errors):.1f} ± {np.std(errors, ddof=1):.1f} |" in rows[-1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every file that a page links to or shows exists."""
    text = page.read_text()
    targets = {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)}
    files = {target for target in targets if target and "://" not in target}
    assert files
    assert not {file for file in files if not (page.parent / file).exists()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_commands_name_modules(page: Path) -> None:
    """Each `python -m MODULE` on a page names an existing module."""
    for name in re.findall(
        r"python -m ((?:app|benchmarks|experiments|stages|tests)[\w.]*)", page.read_text()
    ):
        path = PROJECT.joinpath(*name.strip(".").split("."))
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), name


def test_commands_are_the_makefiles() -> None:
    """README and the Makefile have the same commands, and README's targets exist."""
    makefile = (PROJECT / "Makefile").read_text()
    for command in ("ruff check", "ruff format --check", "mypy", "pytest", "dvc repro"):
        assert command in README
        assert command in makefile
    for target in set(re.findall(r"make (\w+)(?:  | &&|`)", README)):
        assert f"\n{target}:" in makefile


def test_the_devcontainer_is_set_up_by_make() -> None:
    """What a hosted editor runs when it opens the project is a target of the Makefile."""
    settings = json.loads((PROJECT / ".devcontainer" / "devcontainer.json").read_text())
    program, target = settings["postCreateCommand"].split()
    assert program == "make"
    assert f"\n{target}:" in (PROJECT / "Makefile").read_text()


def test_experiments_are_shown_by_one_command() -> None:
    """The pages have one `dvc exp show` line, which a test of the pipeline runs."""
    texts = [README, (PROJECT / "docs" / "experiments.md").read_text()]
    lines = [re.findall(r"^dvc exp show.*", text, re.MULTILINE) for text in texts]
    assert lines[0] == lines[1]
    assert len(lines[0]) == 1


def test_readme_is_short() -> None:
    """README has at most 150 lines; the rest belongs in docs/."""
    assert len(README.splitlines()) <= 150
