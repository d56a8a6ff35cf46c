import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.configuration import DATASET, NETWORKS, SEED, Configuration
from experiments.finding import Finding, compare_runs, compare_sources, seeds_needed, verdict
from experiments.more_seeds import commands
from experiments.report import changed_code, changed_params
from experiments.runs import Run
from experiments.sources import Source, find_source, workspace
from experiments.statistics import Wrong
from tests.experiments.conftest import Project, made_finding


def finding(a: str, b: str = "") -> Finding:
    """Compare two runs by name; without the second, with the workspace."""
    return compare_sources(find_source(a), find_source(b) if b else workspace())


APART = "no telling them apart: "


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        # Six images more without one less are more than chance for two runs: p = 2 / 2⁶.
        ([range(4)], [range(10)], "B is worse, as far as single runs can tell"),
        ([range(10)], [range(4)], "B is better, as far as single runs can tell"),
        ([range(4)], [range(9)], f"{APART}a difference of this size needs at least 3 seeds a side"),
        # A difference in every seed is one of the configurations.
        ([[0, 1, 2, 3 + seed] for seed in range(3)], [range(20, 40)] * 3, "B is worse"),
        ([range(20, 40)] * 3, [[0, 1, 2, 3 + seed] for seed in range(3)], "B is better"),
        ([range(4)], [range(5, 9)], f"{APART}they make the same number of errors"),
        # Single runs of n disagreements and a difference d in 200 images need at least
        # 2.8016² · ((n + 2) / 202 - (d / 202)²) / 202 / (d / 200)² seeds: 2.1 above, and 15.4, 69.2
        # and 792.5.
        (
            [range(4)],
            [range(10, 12)],
            f"{APART}a difference of this size needs at least 16 seeds a side",
        ),
        (
            [range(4)],
            [range(10, 13)],
            f"{APART}a difference of this size needs at least 70 seeds a side",
        ),
        (
            [range(50)],
            [range(50, 101)],
            f"{APART}a difference of this size needs at least 800 seeds a side",
        ),
        (
            [range(8), range(4)],
            [range(12), range(7)],
            f"{APART}a difference of this size needs about 19 seeds a side",
        ),
        (
            [range(6), range(2)],
            [range(10, 15), range(10, 14)],
            f"{APART}a difference of this size needs more seeds and more test images",
        ),
        # The answers do not vary, and the variance of ((7 + 2 / 2) / 202 - (1 / 202)²) / 202 would
        # be small enough in 200 · variance / (1 / 200 / 2.8016)² images.
        (
            [range(4)] * 2,
            [range(10, 13)] * 2,
            f"{APART}for a difference of this size no number of seeds would do; with these seeds "
            "it needs about 13,000 test images",
        ),
    ],
)
def test_the_answer_by_hand(a: list[list[int]], b: list[list[int]], expected: str) -> None:
    """Numbers of seeds and images are rounded up to two digits that count."""
    assert verdict(made_finding(a, b)) == expected


@pytest.mark.parametrize(
    ("difference", "low", "high", "p_value", "expected"),
    [
        (0.5, 0.1, 0.9, 0.01, "B is worse"),
        (-0.5, -0.9, -0.1, 0.01, "B is better"),
        (0.5, 0.1, 0.9, 0.051, APART),
        (0.5, 0, 1, 0.01, APART),
        (-0.5, -1, 0, 0.01, APART),
    ],
)
def test_an_answer_needs_the_interval_and_the_p_value(
    difference: float, low: float, high: float, p_value: float, expected: str
) -> None:
    """Both must speak against chance; the difference may be less than an image."""
    found = made_finding([[0], [1]], [[2, 3], [4, 5]])
    comparison = found.comparison._replace(
        difference=difference, low=low, high=high, p_value=p_value
    )
    found = found._replace(comparison=comparison)
    assert verdict(found).startswith(expected)
    assert found.differs == (expected != APART)
    assert (seeds_needed(found) is None) == found.differs


def test_one_configuration_is_chance_whatever_its_errors(project: Project) -> None:
    """Runs that differ in the seed alone are compared alone, and are not told apart."""
    project.experiment("seed-1", [*range(20)], seed=1)
    found = finding("main", "seed-1")
    assert found.single_runs
    assert found.comparison.p_value < 0.05
    assert verdict(found) == (
        f"{APART}they differ in nothing but the seed, so a difference would be chance"
    )
    assert seeds_needed(found) is None
    assert commands(found) == []


def test_a_side_against_itself(project: Project) -> None:
    """It has all of its seeds, under any of its names, and p = 1; nothing is said to differ."""
    assert verdict(finding("main")) == "no telling them apart: both sides are the same run"
    project.experiment("seed-1", [*range(20)], seed=1)
    project.experiment("seed-2", [*range(9)], seed=2)
    for a, b in (("main", "HEAD"), ("main", ""), ("seed-1", "seed-1")):
        found = finding(a, b)
        assert [[run.seed for run in group] for group in found.groups] == [[0, 1, 2]] * 2
        assert found.comparison.p_value == 1
        assert verdict(found) == "no telling them apart: both sides are the same 3 runs"
        assert commands(found) == []


def test_a_run_repeated_with_other_answers(project: Project) -> None:
    """Where not even the seed differs, the difference is not laid on it."""
    project.experiment("repeated", [*range(20)])
    assert verdict(finding("main", "repeated")) == (
        "no telling them apart: parameters, code and seeds are the same, so a difference is the "
        "machine's"
    )
    project.experiment("seed-1", [1], seed=1)
    first = project.git("rev-parse", "HEAD")
    project.write("notes.txt", "")
    project.commit()
    assert "they differ in nothing but the seed" in verdict(finding(first, "HEAD"))


@st.composite
def groups(draw: st.DrawFn) -> list[tuple[list[Run], Wrong]]:
    """Draw two groups of runs, which differ in a parameter and a file or in the seed alone."""
    images, labels = 12, np.repeat(["3", "7"], 6)
    same = draw(st.booleans())
    drawn = []
    for side in "ab":
        wrong = draw(arrays(bool, (draw(st.integers(1, 3)), images)))
        wrong &= draw(st.booleans())  # half of the groups are never wrong, so that some differ
        params = {"train.dropout": 0.4 if same else f"of {side}", NETWORKS: 1, DATASET: "x"}
        code = {"stages/train.py": "" if same else side}
        runs = [
            Run(
                Source(f"{side}{seed}", "c", "c"),
                Configuration(params | {SEED: seed}, code, {}, "", ""),
                labels,
                np.where(answers, "8", labels),
            )
            for seed, answers in enumerate(wrong, start=draw(st.integers(0, 1)))
        ]
        drawn.append((runs, wrong))
    return drawn


def _exchanged(sentence: str) -> str:
    words = {"better": "worse", "worse": "better"}
    return " ".join(
        words.get(word.rstrip(","), word) + "," * (word in ("better,", "worse,"))
        for word in sentence.split()
    )


@given(drawn=groups())
def test_a_against_b_says_what_b_against_a_says(drawn: list[tuple[list[Run], Wrong]]) -> None:
    """Whichever is named first: the differences are mirrored, and the sentence is the same."""
    (a, _), (b, _) = drawn
    there, back = compare_runs(("x", "y"), a, b), compare_runs(("y", "x"), b, a)
    assert back.names == there.names[::-1]
    assert back.groups == there.groups[::-1]
    one, other = there.comparison, back.comparison
    assert (one.difference, one.low, one.high) == (-other.difference, -other.high, -other.low)
    assert there.differs == back.differs
    assert verdict(back) == _exchanged(verdict(there))
    mirrored = {name: values[::-1] for name, values in changed_params(back).items()}
    assert changed_params(there) == mirrored
    assert changed_code(there) == changed_code(back)


@given(drawn=groups())
def test_the_sentence_follows_the_interval(drawn: list[tuple[list[Run], Wrong]]) -> None:
    """B is better if the whole interval is below 0, worse if above, and else not told apart."""
    (a, wrong_a), (b, wrong_b) = drawn
    found = compare_runs(("x", "y"), a, b)
    assert found.images == 12
    assert [run.errors for run in [*a, *b]] == [*wrong_a.sum(axis=1), *wrong_b.sum(axis=1)]
    comparison = found.comparison
    expected = "no telling them apart: "
    if changed_params(found) and comparison.p_value < 0.05:
        if comparison.low > 0:
            expected = "B is worse"
        elif comparison.high < 0:
            expected = "B is better"
    assert verdict(found).startswith(expected)
