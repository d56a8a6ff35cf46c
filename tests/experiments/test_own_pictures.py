import pytest

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
    project.write_run([], own={"a": "7", "b": "7"}, dropout=0.5)
    with pytest.raises(StageError) as caught:
        on_own_pictures(compare_sources(find_source("HEAD"), workspace()))
    assert str(caught.value) == (
        "found no own test picture that both runs have scored (0 of HEAD and 2 of workspace), "
        "expected some; commit the run with the pictures in data/own, type `dvc exp run "
        "-S train.own_share=0` for one that does not learn them, and compare it with HEAD"
    )


def test_own_pictures_of_any_class_are_compared(project: Project) -> None:
    """An answer that looks like a missing value or a number is the text that it is."""
    project.write_run([], own={"a": "NA", "b": "07", "c": "7"})
    project.commit()
    finding = on_own_pictures(compare_sources(find_source("HEAD"), workspace()))
    assert finding.groups[0][0].predicted.tolist() == ["NA", "07", "7"]
    assert finding.groups[0][0].errors == 2
