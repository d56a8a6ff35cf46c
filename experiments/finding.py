"""What the comparison of two groups of runs finds, and the answer in one sentence."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from experiments.configuration import Configuration
from experiments.runs import Run, check_same_test_set, read_group, read_run
from experiments.sources import Source
from experiments.statistics import (
    CONFIDENCE_LEVEL,
    Comparison,
    Needed,
    Wrong,
    compare_groups,
    needed,
)


class Finding(NamedTuple):
    """Two groups of runs and what tells them apart."""

    names: tuple[str, str]  # of A and of B, as the user typed them
    groups: tuple[Sequence[Run], Sequence[Run]]
    comparison: Comparison

    @property
    def configurations(self) -> tuple[Configuration, Configuration]:
        return self.groups[0][0].configuration, self.groups[1][0].configuration

    @property
    def images(self) -> int:
        return len(self.groups[0][0].labels)

    @property
    def single_runs(self) -> bool:
        return len(self.groups[0]) == len(self.groups[1]) == 1

    @property
    def differs(self) -> bool:
        """Whether the difference is more than chance."""
        found = self.comparison
        beyond = found.low > 0 or found.high < 0
        return not self.one_configuration and beyond and found.p_value < 1 - CONFIDENCE_LEVEL

    @property
    def one_configuration(self) -> bool:
        return self.configurations[0].equals(self.configurations[1])


def compare_sources(a: Source, b: Source) -> Finding:
    """Read and compare the groups of two runs.

    Two seeds of one configuration have one group, and are compared alone.

    Raises `StageError` if a run is not finished, or if their test images differ.
    """
    first, second = read_run(a), read_run(b)
    if first.configuration.equals(second.configuration) and first.seed != second.seed:
        return compare_runs((a.name, b.name), [first], [second])
    return compare_runs((a.name, b.name), read_group(a), read_group(b))


def compare_runs(names: tuple[str, str], a: Sequence[Run], b: Sequence[Run]) -> Finding:
    """Compare two groups of runs.

    Raises `StageError` if their test images differ.
    """
    check_same_test_set([*a, *b])
    return Finding(names, (a, b), compare_groups(wrong_answers(a), wrong_answers(b)))


def wrong_answers(group: Sequence[Run]) -> Wrong:
    """Return an array (runs, images), True where a run is wrong."""
    return np.stack([run.labels != run.predicted for run in group])


def verdict(finding: Finding) -> str:
    """Return the answer in one sentence."""
    difference = finding.comparison.difference
    if finding.differs:
        sentence = "B is better" if difference < 0 else "B is worse"
        return f"{sentence}, as far as single runs can tell" if finding.single_runs else sentence
    return f"no telling them apart: {_why_not(finding)}"


def _why_not(finding: Finding) -> str:
    if finding.one_configuration:
        return _why_not_one_configuration(*finding.groups)
    more = seeds_needed(finding)
    if more is None:
        return "they make the same number of errors"
    if more.seeds is None and more.images is None:
        return "a difference of this size needs more seeds and more test images"
    if more.seeds is None:
        return (
            "for a difference of this size no number of seeds would do; with these seeds it needs "
            f"about {_rounded(more.images or 0)} test images"
        )
    size = "at least" if finding.single_runs else "about"
    return f"a difference of this size needs {size} {_rounded(more.seeds)} seeds a side"


def _why_not_one_configuration(a: Sequence[Run], b: Sequence[Run]) -> str:
    if [run.seed for run in a] != [run.seed for run in b]:
        return "they differ in nothing but the seed, so a difference would be chance"
    if any((one.predicted != other.predicted).any() for one, other in zip(a, b, strict=True)):
        return "parameters, code and seeds are the same, so a difference is the machine's"
    return f"both sides are the same {'run' if len(a) == 1 else f'{len(a)} runs'}"


def seeds_needed(finding: Finding) -> Needed | None:
    """Return what would show the difference; None if it is shown, or if there is none."""
    if finding.differs or finding.one_configuration:
        return None
    return needed(*map(wrong_answers, finding.groups))


def _rounded(number: int) -> str:
    """Return a number to two digits that count, the rest as zeros, rounded up: 4,312 as 4,400."""
    unit = 10 ** max(len(str(number)) - 2, 0)
    return f"{math.ceil(number / unit) * unit:,}"
