import json

import pytest

from experiments.finding import Finding, compare_runs, compare_sources
from experiments.layout import Commands, Table, as_text
from experiments.report import (
    as_json,
    mean_and_deviation,
    p_value,
    report,
    signed_interval,
)
from experiments.sources import find_source
from tests.experiments.conftest import Project, made_finding, made_run

SEEDS = "-S 'train.seed=range(1,5)'"


def test_the_report_on_single_runs(project: Project) -> None:
    """It has the parameter, the errors, McNemar's p of 3 against 4, and the commands."""
    project.experiment("wide", [10, 11, 12], dropout=0.5)
    finding = compare_sources(find_source("main"), find_source("wide"))
    assert as_text(report(finding)) == (
        "A is main, B is wide.\n\n"
        "parameter      A    B\n"
        "train.dropout  0.4  0.5\n\n"
        "   seeds  errors, mean ± sd  accuracy  errors by seed\n"
        "A  1      4                  98.00 %   0: 4\n"
        "B  1      3                  98.50 %   0: 3\n\n"
        "B minus A: -1.0 errors in 200 test images, 95 % interval -6.8 to +4.8; "
        "exact McNemar test, p = 1.\n\n"
        "Images that only A has right: 3; only B: 4.\n\n"
        "No telling them apart: a difference of this size needs at least 70 seeds a side.\n\n"
        "One seed a side does not show how much the seeds vary. More seeds do:\n\n"
        f"    dvc exp run --queue {SEEDS}\n"
        f"    dvc exp run --queue -S train.dropout=0.5 {SEEDS}\n"
        "    dvc queue start"
    )
    found = as_json(finding)
    assert found["a"] == {
        "name": "main",
        "runs": [{"name": "main", "seed": 0, "errors": 4}],
        "mean": 4,
        "standard_deviation": None,
    }
    assert found["test"] == "McNemar"
    assert found["probability_b_beats_a"] is None
    assert (found["seeds_needed"], found["images_needed"]) == (70, None)
    assert found["commands"] == list(report(finding)[-1].lines)  # type: ignore[union-attr]


def two_groups() -> Finding:
    """Compare 4 and 6 errors of A with 5 and 5 of B, which has other code and own pictures."""
    a = [made_run("main", range(4)), made_run("seed-1", range(6), 1)]
    others = {"dropout": 0.5, "width": 3, "start_from": None}
    b = [made_run(f"wide-{seed}", range(2, 7), seed, **others) for seed in (0, 1)]
    code = {"stages/training": "0ther", "stages/new.py": "new"}
    for place, run in enumerate(b):
        configuration = run.configuration._replace(code=code, own_pictures="some")
        b[place] = run._replace(configuration=configuration)
    return compare_runs(("main", "wide-0"), a, b)


def test_the_report_on_groups() -> None:
    """Errors 4 and 6 have mean 5 and standard deviation 1.4; B has fewer than A in 1 of 2 pairs.

    Image 6 is right in A and wrong in B, 0 and 1 are right in B alone; 4 and 5 are undecided in A.
    """
    parts = report(two_groups())
    assert parts[0] == "A is main, B is wide-0."
    assert parts[1] == Table(
        [
            ["parameter", "A", "B"],
            ["train.dropout", "0.4", "0.5"],
            ["train.width", "-", "3"],
            ["train.start_from", "-", "None"],
        ]
    )
    assert parts[2:4] == [
        "The code differs: stages/new.py, stages/training.",
        "The own pictures differ.",
    ]
    assert parts[4] == Table(
        [
            ["", "seeds", "errors, mean ± sd", "accuracy", "errors by seed"],
            ["A", "2", "5.0 ± 1.4", "97.50 %", "0: 4, 1: 6"],
            ["B", "2", "5.0 ± 0.0", "97.50 %", "0: 5, 1: 5"],
        ]
    )
    assert parts[5:] == [
        "B minus A: 0.0 errors in 200 test images, 95 % interval -4.5 to +4.5; p = 1.\n"
        "A run of B has fewer errors than a run of A with a probability of 50 % (2 of 4 pairs; a "
        "tie counts half).",
        "Images that only A has right (most of its seeds): 1; only B: 2.",
        "No telling them apart: they make the same number of errors.",
    ]


def test_the_object_on_groups() -> None:
    """JSON has the same numbers, and names the images that changed sides."""
    found = json.loads(json.dumps(as_json(two_groups())))
    low, high = found.pop("interval")
    assert low == pytest.approx(-4.45632, abs=1e-5)
    assert high == pytest.approx(4.45632, abs=1e-5)
    deviation = found["a"].pop("standard_deviation")
    assert deviation == pytest.approx(2**0.5)
    assert found == {
        "a": {
            "name": "main",
            "runs": [
                {"name": "main", "seed": 0, "errors": 4},
                {"name": "seed-1", "seed": 1, "errors": 6},
            ],
            "mean": 5,
        },
        "b": {
            "name": "wide-0",
            "runs": [
                {"name": "wide-0", "seed": 0, "errors": 5},
                {"name": "wide-1", "seed": 1, "errors": 5},
            ],
            "mean": 5,
            "standard_deviation": 0,
        },
        "parameters": {
            "train.dropout": [0.4, 0.5],
            "train.width": ["-", 3],
            "train.start_from": ["-", None],
        },
        "code": ["stages/new.py", "stages/training"],
        "images": 200,
        "difference": 0,
        "test": "crossed random effects",
        "p_value": 1,
        "probability_b_beats_a": 0.5,
        "verdict": "no telling them apart: they make the same number of errors",
        "seeds_needed": None,
        "images_needed": None,
        "only_a_right": [6],
        "only_b_right": [0, 1],
        "commands": [],
    }


def test_the_images_that_it_takes_are_in_the_object() -> None:
    """Runs whose answers never vary need more test images, and no number of seeds."""
    found = as_json(made_finding([range(4)] * 2, [range(10, 13)] * 2))
    assert found["seeds_needed"] is None
    assert found["images_needed"] > 200


def test_a_run_against_itself_has_nothing_that_differs() -> None:
    """One sentence stands for the tables of parameters and of code."""
    run = made_run("main", range(4))
    parts = report(compare_runs(("main", "main"), [run], [run]))
    assert parts[1] == "The parameters and the code are the same."
    assert not any(isinstance(part, Commands) for part in parts)
    assert parts[-1] == "No telling them apart: both sides are the same run."


@pytest.mark.parametrize("sides", [("A", "B"), ("B", "A")])
def test_one_side_with_a_single_run(project: Project, sides: tuple[str, str]) -> None:
    """The single run is taken to vary as the others do, and has its command."""
    project.experiment("seed-1", [1], seed=1)
    project.experiment("wide", [2], dropout=0.5)
    names = ("wide", "main") if sides == ("A", "B") else ("main", "wide")
    *_, sentence, lines = report(compare_sources(*map(find_source, names)))
    assert sentence == (
        f"{sides[0]} has one seed, and is taken to vary as {sides[1]} does. More seeds show it:"
    )
    assert lines == Commands(
        [f"dvc exp run --queue -S train.dropout=0.5 {SEEDS}", "dvc queue start"]
    )


def test_numbers_in_a_sentence() -> None:
    """p-values are plain decimals, and below 0.0001 a bound; differences have a sign, but for 0."""
    forms = {1: "p = 1", 0.03: "p = 0.03", 1e-4: "p = 0.0001", 8.5e-5: "p < 0.0001"}
    assert {value: p_value(value) for value in forms} == forms
    assert mean_and_deviation([4], 1) == "4"
    assert mean_and_deviation([0.25], 4) == "0.2500"
    assert mean_and_deviation([4, 6], 1) == "5.0 ± 1.4"
    finding = made_finding([[0]], [[1]])
    comparison = finding.comparison._replace(difference=-0.04, low=-1.25, high=10)
    assert signed_interval(finding._replace(comparison=comparison)) == "0.0 (-1.2 to +10.0)"
