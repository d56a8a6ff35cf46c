import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.configuration import DATASET, NETWORKS, SEED, Configuration
from experiments.finding import Finding, compare_runs, compare_sources, verdict
from experiments.more_seeds import commands
from experiments.report import changed_code, changed_params
from experiments.runs import Run
from experiments.sources import Source, find_source, workspace
from experiments.statistics import Wrong
from tests.experiments.conftest import IMAGES, Project


def finding(a: str, b: str = "") -> Finding:
    """Compare two runs by name; without the second, with the workspace."""
    return compare_sources(find_source(a), find_source(b) if b else workspace())


def test_single_runs_that_differ(project: Project) -> None:
    """Six images more without one less are more than chance, p = 2 / 2⁶, for these two runs."""
    project.experiment("wide", [*range(10)], dropout=0.5)
    assert verdict(finding("main", "wide")) == "B is worse, as far as single runs can tell"
    assert verdict(finding("wide", "main")) == "B is better, as far as single runs can tell"


def test_several_seeds_that_differ(project: Project) -> None:
    """A difference in every seed is one of the configurations."""
    for seed in (1, 2):
        project.experiment(f"seed-{seed}", [0, 1, 2, 3 + seed], seed=seed)
    for seed in (0, 1, 2):
        project.experiment(f"wide-{seed}", [*range(20, 40 + seed)], seed=seed, dropout=0.5)
    assert verdict(finding("main", "wide-1")) == "B is worse"
    assert commands(finding("main", "wide-1")) == []


def test_says_how_many_seeds_it_needs(project: Project) -> None:
    """Single runs: 4 against 3 errors in 200 images need at least so many seeds, by hand.

    2.8016² · ((7 + 2) / 202 - (1 / 202)²) / 202 / (1 / 200)² = 69.2: 70.
    """
    project.experiment("wide", [10, 11, 12], dropout=0.5)
    assert verdict(finding("main", "wide")) == (
        "no telling them apart: a difference of this size needs at least 70 seeds a side"
    )


def test_asks_for_images_if_seeds_do_not_help(project: Project) -> None:
    """Runs whose answers never vary need more test images, rounded to two digits."""
    project.experiment("first", [0, 1, 2, 3], seed=1)
    for seed in (0, 1):
        project.experiment(f"wide-{seed}", [10, 11, 12], seed=seed, dropout=0.5)
    sentence = verdict(finding("main", "wide-0"))
    assert "no number of seeds would do; with these seeds it needs about" in sentence
    (number,) = [int(word.replace(",", "")) for word in sentence.split() if word[0].isdigit()]
    assert number > IMAGES
    assert number % 100 == 0


def test_one_configuration_is_chance_whatever_its_errors(project: Project) -> None:
    """Runs that differ in the seed alone are compared alone, and are not told apart."""
    project.experiment("seed-1", [*range(20)], seed=1)
    found = finding("main", "seed-1")
    assert found.single_runs
    assert found.comparison.p_value < 0.05
    assert verdict(found).startswith("no telling them apart: they differ in nothing but the seed")
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


def test_equal_errors_need_no_seeds(project: Project) -> None:
    """Without a difference, no number is given."""
    project.experiment("wide", [5, 6, 7, 8], dropout=0.5)
    assert verdict(finding("main", "wide")) == (
        "no telling them apart: they make the same number of errors"
    )


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
