import json

from experiments.finding import compare_sources
from experiments.layout import Commands, Part, Table, as_markdown, as_text
from experiments.report import as_json, p_value, report
from experiments.sources import find_source
from tests.experiments.conftest import Project


def test_text_and_markdown_by_hand() -> None:
    """Columns stand below each other in text; Markdown has a table and a block of code."""
    table = Table([["", "n"], ["long", "1"]])
    parts: list[Part] = ["Two.", table, Commands(["dvc queue start"])]
    assert as_text(parts) == "Two.\n\n      n\nlong  1\n\n    dvc queue start"
    assert as_markdown(parts) == (
        "Two.\n\n|  | n |\n|---|---|\n| long | 1 |\n\n```sh\ndvc queue start\n```"
    )


def test_the_report_on_single_runs(project: Project) -> None:
    """It has the parameter, the errors, McNemar's p of 3 against 4, and the commands."""
    project.experiment("wide", [10, 11, 12], dropout=0.5)
    text = as_text(report(compare_sources(find_source("main"), find_source("wide"))))
    assert text.startswith(
        "A is main, B is wide.\n\nparameter      A    B\ntrain.dropout  0.4  0.5\n"
    )
    assert "\nA  1      4                  98.00 %   0: 4\n" in text
    assert "B minus A: -1.0 errors in 200 test images, 95 % interval " in text
    assert "; exact McNemar test, p = 1.\n" in text
    assert "Images that only A has right: 3; only B: 4.\n" in text
    assert "probability" not in text
    assert text.endswith(
        "One seed a side does not show how much the seeds vary. More seeds do:\n\n"
        "    dvc exp run --queue -S 'train.seed=range(1,5)'\n"
        "    dvc exp run --queue -S train.dropout=0.5 -S 'train.seed=range(1,5)'\n"
        "    dvc queue start"
    )


def test_small_p_values_have_one_form() -> None:
    """They are plain decimals, and below 0.0001 a bound."""
    forms = {1: "p = 1", 0.03: "p = 0.03", 1.04e-4: "p = 0.0001", 8.5e-5: "p < 0.0001"}
    assert {value: p_value(value) for value in forms} == forms


def test_the_report_on_groups(project: Project) -> None:
    """Errors 4 and 6 have mean 5 and standard deviation 1.4; B has fewer than A in 1 of 2 pairs."""
    project.experiment("seed-1", [*range(6)], seed=1)
    project.experiment("wide", [*range(5)], code="0ther", dropout=0.5)
    project.experiment("wide-1", [*range(5)], code="0ther", dropout=0.5, seed=1)
    finding = compare_sources(find_source("main"), find_source("wide"))
    text = as_text(report(finding))
    assert "A  2      5.0 ± 1.4          97.50 %   0: 4, 1: 6\n" in text
    assert "The code differs: stages/training.\n" in text
    assert "a probability of 50 % (2 of 4 pairs; a tie counts half).\n" in text
    assert "0.0 errors in 200 test images" in text
    found = json.loads(json.dumps(as_json(finding)))
    assert found["a"]["mean"] == found["b"]["mean"] == 5
    assert found["b"]["runs"][1] == {"name": "wide-1", "seed": 1, "errors": 5}
    assert found["parameters"] == {"train.dropout": [0.4, 0.5]}
    assert found["code"] == ["stages/training"]
    assert found["only_a_right"] == []
    assert found["p_value"] == 1


def test_one_side_with_a_single_run(project: Project) -> None:
    """The single run is taken to vary as the others do, and has its command."""
    project.experiment("seed-1", [1], seed=1)
    project.experiment("wide", [2], dropout=0.5)
    text = as_text(report(compare_sources(find_source("wide"), find_source("main"))))
    assert "A has one seed, and is taken to vary as B does. More seeds show it:" in text
    assert text.count("dvc exp run") == 1
