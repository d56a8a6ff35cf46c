import json
import re

import pytest

from experiments.layout import as_text
from experiments.ranking import rank, ranking_as_json, ranking_report, ranking_verdict
from stages.shared.cli import StageError
from tests.experiments.conftest import PARAMS, Project


def test_ranks_by_validation_and_not_by_the_test_set(project: Project) -> None:
    """The value with the lowest loss comes first, though it makes the most errors."""
    project.experiment("seed-1", [0, 1], loss=0.12, seed=1)
    project.experiment("wide", [*range(9)], loss=0.05, dropout=0.5)
    project.experiment("wide-1", [*range(11)], loss=0.052, dropout=0.5, seed=1)
    project.experiment("narrow", [], loss=0.3, dropout=0.3)
    project.experiment("other", [], loss=0.01, dropout=0.5, early_stopping={"patience": 3})
    ranked = rank("train.dropout")
    assert [found.value for found in ranked] == [0.5, 0.4, 0.3]
    assert ranked[0].losses == [0.05, 0.052]
    text = as_text(ranking_report("train.dropout", ranked))
    assert re.search(r"^0\.5 +2 +0\.0510 ± 0\.0014 +10\.0 ± 1\.4 +\+7\.0 \(", text, re.MULTILINE)
    assert re.search(r"^0\.4 +2 +0\.1100 ± 0\.0141 +3\.0 ± 1\.4 +HEAD$", text, re.MULTILINE)
    assert "No telling train.dropout 0.5 and 0.4 apart by their validation loss, p = 0." in text
    found = json.loads(json.dumps(ranking_as_json("train.dropout", ranked)))
    assert [value["value"] for value in found["values"]] == [0.5, 0.4, 0.3]


def test_says_if_the_first_is_ahead(project: Project) -> None:
    """Three losses far from three others are told apart; a single one is not."""
    for seed, loss in ((1, 0.11), (2, 0.12)):
        project.experiment(f"seed-{seed}", [], loss=loss, seed=seed)
    project.experiment("wide", [], loss=0.01, dropout=0.5)
    report = as_text(ranking_report("train.dropout", rank("train.dropout")))
    assert "one seed does not tell how much the loss varies" in report
    for seed, loss in ((1, 0.02), (2, 0.03)):
        project.experiment(f"wide-{seed}", [], loss=loss, seed=seed, dropout=0.5)
    report = as_text(ranking_report("train.dropout", rank("train.dropout")))
    assert "0.5 has a lower validation loss than 0.4, p = 0.00" in report


@pytest.mark.parametrize("name", ["train.drop", "train.seed", "preprocess.limit", "dropout"])
def test_refuses_what_cannot_be_ranked(project: Project, name: str) -> None:
    """Only parameters of train can be ranked; the message names a few, and where the others are."""
    project.write_run([1], epochs=3, threads=2)
    project.commit()
    message = f"--by: found {name}, expected a parameter of train, as other"
    with pytest.raises(StageError, match=message) as caught:
        rank(name)
    assert str(caught.value).endswith(
        "; type one that params.yaml has under train, such as train.dropout, "
        "train.early_stopping.patience, train.epochs"
    )


def test_the_message_names_what_the_experiments_change(project: Project) -> None:
    """Those parameters come first, as they are what can be ranked."""
    project.experiment("wide", [1], dropout=0.5, seed=3)
    with pytest.raises(StageError, match=r"under train, such as train\.dropout$"):
        rank("train.drop")


def test_refuses_a_single_value(project: Project) -> None:
    """Seeds alone rank nothing, and the message says how to get other values."""
    project.experiment("seed-1", [1], seed=1)
    message = "--by: found train.dropout=0.4 alone, expected experiments on HEAD with other values"
    with pytest.raises(StageError, match=message):
        rank("train.dropout")


def test_refuses_a_history_without_the_kept_epoch(project: Project) -> None:
    """plots/history.csv must have the columns that the ranking reads."""
    project.write("plots/history.csv", "epoch,val_loss\n1,0.1\n")
    project.write_lock(PARAMS)
    project.commit()
    project.experiment("wide", [1], dropout=0.5)
    with pytest.raises(StageError, match=r"found plots/history\.csv without kept"):
        rank("train.dropout")


def test_equal_numbers_are_one_value(project: Project) -> None:
    """0 and 0.0 are one value of a parameter, however they are written."""
    for seed, dropout in enumerate((0, 0.0, 0, 0.0), start=1):
        project.experiment(f"none-{seed}", [1], seed=seed, dropout=dropout)
    ranked = rank("train.dropout")
    assert sorted((found.value, len(found.runs)) for found in ranked) == [(0, 4), (0.4, 1)]


def test_losses_that_do_not_vary(project: Project) -> None:
    """Without any spread over the seeds there is nothing to test."""
    project.experiment("first", [1], seed=1)
    for seed in (0, 1):
        project.experiment(f"wide-{seed}", [1], loss=0.2, seed=seed, dropout=0.5)
    assert "their losses do not vary over the seeds" in ranking_verdict("x", rank("train.dropout"))
