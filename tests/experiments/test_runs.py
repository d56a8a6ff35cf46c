import re
from collections.abc import Callable

import pytest
import yaml

from experiments.runs import check_same_test_set, read_group, read_run
from experiments.sources import Source, find_source, workspace
from stages.shared.cli import StageError
from tests.experiments.conftest import LABELS, PARAMS, Project, made_run

WORKSPACE = Source("workspace", "", "")


def seeds(name: str) -> list[tuple[str, int]]:
    """Return the names and seeds of the group of a source."""
    return [(run.source.name, run.seed) for run in read_group(find_source(name))]


def test_a_run_by_hand(project: Project) -> None:
    """The errors and the parameters are those of the files."""
    run = read_run(find_source("HEAD"))
    assert run.errors == 4
    assert run.labels.tolist() == LABELS.astype(str).tolist()
    assert run.configuration.params["train.early_stopping.patience"] == 10


def test_a_group_differs_in_the_seed_alone(project: Project) -> None:
    """Other parameters, other code and other baselines do not belong to it; a seed counts once."""
    project.experiment("second", [1], seed=2)
    project.experiment("first", [2], seed=1)
    project.experiment("repeated", [2], seed=1)
    project.experiment("same", [1])
    project.experiment("wide", [1], seed=3, dropout=0.5)
    project.experiment("wider", [1], seed=4, dropout=0.5)
    project.experiment("rewritten", [1], seed=5, code="0ther")
    assert seeds("main") == [("main", 0), ("first", 1), ("second", 2)]
    head = project.git("rev-parse", "HEAD")
    assert seeds("first") == [(head[:10], 0), ("first", 1), ("second", 2)]
    assert seeds("wider") == [("wide", 3), ("wider", 4)]
    assert seeds("rewritten") == [("rewritten", 5)]
    assert [run.seed for run in read_group(workspace())] == [0, 1, 2]
    project.write("notes.txt", "")
    project.commit()
    assert seeds("HEAD") == [("HEAD", 0)]


def test_runs_with_a_network_in_common_count_once(project: Project) -> None:
    """With four networks a run, the seeds 0 and 4 have none in common, 0 and 3 do."""
    project.write_run([1], networks=4)
    project.commit()
    for seed in (3, 4, 7, 8):
        project.experiment(f"seed-{seed}", [1], networks=4, seed=seed)
    assert [seed for _, seed in seeds("HEAD")] == [0, 4, 8]


def test_a_clone_without_a_cache_has_the_runs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the experiments are fetched, a clone reads them: it needs neither data nor models."""
    project.experiment("first", [2], seed=1)
    clone = Project(project.root.parent / "clone")
    project.git("clone", "--quiet", ".", str(clone.root))
    clone.git("fetch", "--quiet", "origin", "refs/exps/*:refs/exps/*")
    monkeypatch.chdir(clone.root)
    assert not (clone.root / "data").exists()
    assert [run.seed for run in read_group(workspace())] == [0, 1]


def stale_params(project: Project) -> None:
    project.write("params.yaml", (project.root / "params.yaml").read_text().replace("0.4", "0.5"))


def stale_new_key(project: Project) -> None:
    project.write("params.yaml", f"{(project.root / 'params.yaml').read_text()}  width: 3\n")


def stale_predictions(project: Project) -> None:
    path = project.root / "metrics" / "predictions.csv"
    path.write_text(path.read_text().replace("0.9", "0.8"))


def no_predictions(project: Project) -> None:
    (project.root / "metrics" / "predictions.csv").unlink()


def no_lock(project: Project) -> None:
    (project.root / "dvc.lock").unlink()


def interrupted(project: Project) -> None:
    path = project.root / "dvc.lock"
    path.write_text(path.read_text().replace("path: models/model.keras", "path: models/x", 1))


def lock_in_conflict(project: Project) -> None:
    project.write("dvc.lock", "<<<<<<< HEAD\n: {")


def other_columns(project: Project) -> None:
    project.write("metrics/predictions.csv", "index,label\n0,1\n")
    project.write_lock(PARAMS)


def other_order(project: Project) -> None:
    project.write("metrics/predictions.csv", "index,label,predicted,confidence\n1,1,1,1\n")
    project.write_lock(PARAMS)


def not_csv(project: Project) -> None:
    project.write("metrics/predictions.csv", "")
    project.write_lock(PARAMS)


def no_params(project: Project) -> None:
    (project.root / "params.yaml").unlink()


CSV = "metrics/predictions.csv"


@pytest.mark.parametrize(
    ("spoil", "found", "expected"),
    [
        (
            stale_params,
            "train.dropout: 0.5 in params.yaml",
            "train.dropout: 0.4 as in dvc.lock",
        ),
        (stale_new_key, "train.width: 3 in params.yaml", "no train.width as in dvc.lock"),
        (
            no_params,
            "no download.dataset in params.yaml",
            "download.dataset: digits as in dvc.lock",
        ),
        (stale_predictions, f"{CSV} of another run", "the one in dvc.lock"),
        (no_predictions, f"no {CSV}", "the one that its run wrote"),
        (no_lock, "no finished run in dvc.lock", "one with predictions"),
        (interrupted, "no finished run in dvc.lock", "one with predictions"),
        (lock_in_conflict, "dvc.lock with did not find expected …", "YAML"),
        (other_columns, f"{CSV} without predicted", "columns index, label, predicted, confidence"),
        (other_order, f"{CSV} in another order", "the index 0, 1, 2, …"),
        (not_csv, f"{CSV} with No columns to parse from file", "CSV"),
    ],
)
def test_refuses_a_stale_workspace(
    project: Project, spoil: Callable[[Project], None], found: str, expected: str
) -> None:
    """What is not the result of a finished run is refused in a line that says what to type."""
    spoil(project)
    with pytest.raises(StageError) as caught:
        read_run(WORKSPACE)
    message = re.sub("(?<=did not find expected ).*(?=, expected YAML)", "…", str(caught.value))
    assert message == f"workspace: found {found}, expected {expected}; type `dvc repro`"


def test_parameters_that_the_run_does_not_take_may_change(project: Project) -> None:
    """What `plot` takes changes no answer, so the workspace is not stale."""
    text = (project.root / "params.yaml").read_text()
    project.write("params.yaml", f"{text}plot:\n  examples: 9\n")
    assert read_run(WORKSPACE).errors == 4


def test_all_parameters_of_a_section_may_be_deeper(project: Project) -> None:
    """They are compared with those of the run as the others are."""
    params = PARAMS | {"preprocess": {"deep": {"limit": 1}}}
    project.write("params.yaml", yaml.safe_dump(params))
    project.write_lock(params)
    assert read_run(WORKSPACE).configuration.params["preprocess.deep.limit"] == 1


def test_the_files_of_a_commit_are_compared_with_its_own_lock(project: Project) -> None:
    """An edited params.yaml is no matter for a commit, and its own edited files are."""
    stale_params(project)
    assert read_run(find_source("HEAD")).errors == 4
    stale_predictions(project)
    project.commit()
    with pytest.raises(StageError) as caught:
        read_run(find_source("main"))
    assert str(caught.value) == (
        f"main: found {CSV} of another run, expected the one in dvc.lock; "
        "type `git checkout main` and `dvc repro`, then commit"
    )


def test_refuses_other_test_images() -> None:
    """Another data set, another number of images and other labels are told apart."""
    run = made_run("one", [])
    mnist = run.configuration._replace(
        params=run.configuration.params | {"download.dataset": "mnist"}
    )
    for other, message in (
        (run._replace(labels=run.labels[::-1], configuration=mnist), "digits and mnist"),
        (run._replace(labels=run.labels[1:], configuration=mnist), "digits and mnist"),
        (run._replace(labels=run.labels[1:]), "200 test images and 199 test images"),
        (run._replace(labels=run.labels[::-1]), "one test split of digits and another"),
    ):
        second = other._replace(source=other.source._replace(name="other"))
        with pytest.raises(StageError) as caught:
            check_same_test_set([run, run, second])
        assert str(caught.value) == (
            f"one and other: found {message}, expected the same test images in the same order; "
            "type two runs with equal parameters of download and preprocess"
        )
    check_same_test_set([run, run._replace(configuration=mnist), run])


def test_a_damaged_sibling_is_left_out(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """An experiment that cannot be read is named on stderr, and the others are compared."""
    project.experiment("good", [1], seed=1)
    baseline = project.git("rev-parse", "HEAD")
    project.write_run([1], seed=2)
    stale_predictions(project)
    project.git("add", "--all")
    commit = project.git("commit-tree", project.git("write-tree"), "-p", baseline, "-m", "bad")
    project.git("update-ref", f"refs/exps/{baseline[:2]}/{baseline[2:]}/bad", commit)
    project.git("reset", "--quiet", "--hard", "HEAD")
    assert [run.source.name for run in read_group(find_source("HEAD"))] == ["HEAD", "good"]
    assert capsys.readouterr().err == (
        f"left out: bad: found {CSV} of another run, expected the one in dvc.lock; "
        "type `dvc exp apply bad` and `dvc repro`\n"
    )


def test_classes_may_have_any_names(project: Project) -> None:
    """Names that look like numbers or missing values are compared as the texts they are."""
    path = project.root / "metrics" / "predictions.csv"
    lines = path.read_text().splitlines()
    lines[1:4] = ["0,NA,NA,0.9", "1,01,1,0.9", '2,"T-shirt, top",nan,0.9']
    path.write_text("\n".join(lines))
    project.write_lock(PARAMS)
    run = read_run(workspace())
    assert run.labels[:3].tolist() == ["NA", "01", "T-shirt, top"]
    assert (run.labels != run.predicted)[:3].tolist() == [False, True, True]


@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize("name", ["label", "predicted"])
def test_refuses_predictions_without_a_name(project: Project, value: str, name: str) -> None:
    """A label or a prediction that is empty is named as such."""
    path = project.root / "metrics" / "predictions.csv"
    row = f"0,{value},1," if name == "label" else f"0,0,{value},"
    path.write_text(path.read_text().replace("0,0,1,", row, 1))
    project.write_lock(PARAMS)
    with pytest.raises(StageError) as caught:
        read_run(WORKSPACE)
    assert str(caught.value) == (
        f"workspace: found {CSV} with an empty {name}, expected names of classes; type `dvc repro`"
    )
