import json
import re

import pytest

from experiments.finding import compare_runs
from experiments.layout import as_text
from experiments.ranking import Ranked, rank, ranking_as_json, ranking_report, ranking_verdict
from stages.shared.cli import StageError
from tests.experiments.conftest import PARAMS, Project, made_run


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
    assert [found.finding.names for found in ranked] == [
        ("HEAD", "0.5"),
        ("HEAD", "0.4"),
        ("HEAD", "0.3"),
    ]
    for found in ranked:
        assert [run.source.name for run in found.finding.groups[0]] == ["HEAD", "seed-1"]
        assert found.finding.groups[1] == found.runs
    text = as_text(ranking_report("train.dropout", ranked))
    assert re.search(r"^0\.5 +2 +0\.0510 ± 0\.0014 +10\.0 ± 1\.4 +\+7\.0 \(", text, re.MULTILINE)
    assert re.search(r"^0\.4 +2 +0\.1100 ± 0\.0141 +3\.0 ± 1\.4 +HEAD$", text, re.MULTILINE)


def made_ranked(*losses: list[float]) -> list[Ranked]:
    """Return the rows of the values 0, 1, …, whose runs have these losses and one error each."""
    runs = [
        [made_run(f"{value}-{seed}", [seed], seed, dropout=value) for seed in range(len(group))]
        for value, group in enumerate(losses)
    ]
    return [
        Ranked(value, runs[value], group, compare_runs(("HEAD", str(value)), runs[0], runs[value]))
        for value, group in enumerate(losses)
    ]


def test_the_object_by_hand() -> None:
    """JSON has each run with its loss, and the difference of each value to HEAD's."""
    ranked = made_ranked([0.1, 0.2], [0.3])
    low, high = ranked[1].finding.comparison.low, ranked[1].finding.comparison.high
    found = json.loads(json.dumps(ranking_as_json("train.dropout", ranked)))
    head, other = found.pop("values")
    assert found == {
        "parameter": "train.dropout",
        "images": 200,
        "verdict": "No telling train.dropout 0 and 1 apart: one seed does not tell how much the "
        "loss varies.",
    }
    assert head["runs"] == [
        {"name": "0-0", "seed": 0, "loss": 0.1, "errors": 1},
        {"name": "0-1", "seed": 1, "loss": 0.2, "errors": 1},
    ]
    assert other == {
        "value": 1,
        "runs": [{"name": "1-0", "seed": 0, "loss": 0.3, "errors": 1}],
        "difference_to_head": 0,
        "interval": [low, high],
    }


@pytest.mark.parametrize(
    ("losses", "verdict"),
    [
        ([[1, 2, 3], [4, 8, 6, 10, 12], [99]], "0 has a lower validation loss than 1, p = 0.01."),
        ([[5, 7], [6, 8]], "No telling x 0 and 1 apart by their validation loss, p = 0.55."),
        ([[5, 5], [6, 8]], "No telling x 0 and 1 apart by their validation loss, p = 0.3."),
        ([[1, 2], [3]], "No telling x 0 and 1 apart: one seed does not tell how much the loss"),
        ([[1], [2, 3]], "No telling x 0 and 1 apart: one seed does not tell how much the loss"),
        ([[1, 1], [2, 2]], "No telling x 0 and 1 apart: their losses do not vary over the seeds."),
    ],
)
def test_says_if_the_first_is_ahead(losses: list[list[float]], verdict: str) -> None:
    """The first case by hand: t = 6 / √(1 / 3 + 10 / 5), 5.16 degrees (Welch), p = 0.010.

    In the second t = 1 / √2 with 2 degrees, in the third t = 2 / 1 with 1. A third value does not
    count, nor do losses that all seeds share.
    """
    assert ranking_verdict("x", made_ranked(*losses)).startswith(verdict)


@pytest.mark.parametrize("name", ["train.drop", "train.seed", "preprocess.limit", "dropout"])
def test_refuses_what_cannot_be_ranked(project: Project, name: str) -> None:
    """Only parameters of train can be ranked; the message names a few, and where the others are."""
    project.write_run([1], epochs=3, threads=2)
    project.commit()
    with pytest.raises(StageError) as caught:
        rank(name)
    assert str(caught.value) == (
        f"--by: found {name}, expected a parameter of train, as other sections change the images "
        "on which the loss is measured; type one that params.yaml has under train, such as "
        "train.dropout, train.early_stopping.patience, train.epochs"
    )


def test_the_message_names_what_the_experiments_change(project: Project) -> None:
    """Those parameters come first, as they are what can be ranked."""
    project.experiment("wide", [1], dropout=0.5, seed=3)
    with pytest.raises(StageError, match=r"under train, such as train\.dropout$"):
        rank("train.drop")


def test_refuses_a_single_value(project: Project) -> None:
    """Seeds alone rank nothing, and the message says how to get other values."""
    project.experiment("seed-1", [1], seed=1)
    with pytest.raises(StageError) as caught:
        rank("train.dropout")
    assert str(caught.value) == (
        "--by: found train.dropout=0.4 alone, expected experiments on HEAD with other values; type "
        "`dvc exp run --queue -S 'train.dropout=VALUE,VALUE'` and `dvc queue start`"
    )


@pytest.mark.parametrize("missing", ["kept", "val_loss"])
def test_refuses_a_history_without_what_ranks(project: Project, missing: str) -> None:
    """plots/history.csv must have the columns that the ranking reads."""
    text = "epoch,val_loss,kept\n1,0.1,1\n".replace(missing, "other")
    project.write("plots/history.csv", text)
    project.write_lock(PARAMS)
    project.commit()
    project.experiment("wide", [1], dropout=0.5)
    with pytest.raises(StageError) as caught:
        rank("train.dropout")
    assert str(caught.value) == (
        f"HEAD: found plots/history.csv without {missing}, expected the columns kept and val_loss; "
        "type `git checkout HEAD` and `dvc repro`, then commit"
    )


def test_the_loss_of_several_networks_is_the_mean_of_their_kept_epochs(project: Project) -> None:
    """Each network keeps an epoch of its own; the epochs that none keeps do not count.

    An experiment from before the parameter was there is passed over.
    """
    old = {name: value for name, value in PARAMS["train"].items() if name != "dropout"}
    baseline = project.git("rev-parse", "HEAD")
    project.write_lock(PARAMS | {"train": old | {"seed": 1}})
    project.commit()
    project.git("update-ref", f"refs/exps/{baseline[:2]}/{baseline[2:]}/a-first", "HEAD")
    project.git("reset", "--quiet", "--hard", baseline)
    project.write_run([1], dropout=0.5)
    history = "network,epoch,val_loss,kept\n1,1,0.4,0\n1,2,0.3,1\n2,1,0.1,1\n2,2,0.5,0\n"
    project.write("plots/history.csv", history)
    project.write_lock(PARAMS | {"train": PARAMS["train"] | {"dropout": 0.5}})
    project.commit()
    project.git("update-ref", f"refs/exps/{baseline[:2]}/{baseline[2:]}/wide", "HEAD")
    project.git("reset", "--quiet", "--hard", baseline)
    ranked = rank("train.dropout")
    assert [found.value for found in ranked] == [0.4, 0.5]
    assert [found.losses for found in ranked] == [[0.1], [pytest.approx(0.2)]]


def test_equal_numbers_are_one_value(project: Project) -> None:
    """0 and 0.0 are one value of a parameter, however they are written."""
    for seed, dropout in enumerate((0, 0.0, 0, 0.0), start=1):
        project.experiment(f"none-{seed}", [1], seed=seed, dropout=dropout)
    ranked = rank("train.dropout")
    assert sorted((found.value, len(found.runs)) for found in ranked) == [(0, 4), (0.4, 1)]
