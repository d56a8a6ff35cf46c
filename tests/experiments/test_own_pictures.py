import sys

import pytest

from experiments.compare import main
from experiments.finding import compare_sources
from experiments.own_pictures import on_own_pictures
from experiments.sources import find_source, workspace
from stages.shared.cli import StageError
from tests.experiments.conftest import Project


def test_runs_are_compared_on_the_pictures_of_both(project: Project) -> None:
    """By hand: of the pictures a to d, A errs on a, b and c, B on c; e is in B alone."""
    project.write_run([], own={"d": "7", "a": "1", "b": "1", "c": "1"})
    project.commit()
    project.write_run([1, 2], own={"e": "1", "c": "1", "b": "7", "a": "7", "d": "7"}, dropout=0.5)
    finding = on_own_pictures(compare_sources(find_source("HEAD"), workspace()))
    assert finding.images == 4
    assert [group[0].errors for group in finding.groups] == [3, 1]
    assert finding.comparison.difference == -2
    assert (finding.comparison.only_a, finding.comparison.only_b) == (0, 2)


def test_runs_without_common_pictures_are_refused(project: Project) -> None:
    """The message says how many each has, and what to type."""
    project.write_run([], own={"a": "7"}, dropout=0.5)
    with pytest.raises(StageError, match=r"\(0 of HEAD and 1 of .*own_share=0` for one"):
        on_own_pictures(compare_sources(find_source("HEAD"), workspace()))


def test_own_needs_two_runs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes neither with a ranking nor with the sheet of test images."""
    monkeypatch.setattr(sys, "argv", ["compare", "--by", "train.dropout", "--own"])
    with pytest.raises(StageError, match="--own compares two runs by numbers"):
        main()
