from experiments.more_seeds import commands
from tests.experiments.conftest import Project, made_finding
from tests.experiments.test_finding import finding

RANGE = "-S 'train.seed=range(1,5)'"


def test_commands_for_more_seeds(project: Project) -> None:
    """Each side with one seed has the command that queues four more of it, from here."""
    project.experiment("wide", [1], dropout=0.5)
    assert commands(finding("main", "wide")) == [
        f"dvc exp run --queue {RANGE}",
        f"dvc exp run --queue -S train.dropout=0.5 {RANGE}",
        "dvc queue start",
    ]
    project.write_run([1], dropout=0.5, flip=True, early_stopping={"patience": None})
    assert commands(finding("main", "")) == [
        f"dvc exp run --queue -S train.dropout=0.4 -S train.early_stopping.patience=10 {RANGE}",
        f"dvc exp run --queue {RANGE}",
        "dvc queue start",
    ]
    project.write_run([1], flip=True, early_stopping={"patience": None}, model="mlp")
    project.commit()
    project.experiment("mlp", [2], flip=False, early_stopping={"patience": None}, model="cnn")
    project.write_run([1], flip=False, early_stopping={"patience": 3}, model="cnn")
    assert commands(finding("main", "mlp"))[:2] == [
        "dvc exp run --queue -S train.early_stopping.patience=null -S train.flip=true "
        f"-S train.model=mlp {RANGE}",
        f"dvc exp run --queue -S train.early_stopping.patience=null {RANGE}",
    ]


def test_a_side_with_several_seeds_needs_no_command(project: Project) -> None:
    """The other side has four more seeds from its own on, as many networks apart as it trains."""
    project.write_run([1], networks=2)
    project.commit()
    project.experiment("second", [2], networks=2, seed=2)
    project.experiment("wide", [3], networks=2, seed=6, dropout=0.5)
    assert commands(finding("main", "wide")) == [
        "dvc exp run --queue -S train.dropout=0.5 -S 'train.seed=range(8,16,2)'",
        "dvc queue start",
    ]


def test_no_command_where_seeds_do_not_help() -> None:
    """If it takes more test images, more seeds of the one side would be for nothing."""
    assert commands(made_finding([range(4)], [range(10, 13)] * 2)) == []


def test_runs_of_other_commits_are_queued_from_there(project: Project) -> None:
    """Each commit is checked out for its own line, and then the branch again."""
    first = project.git("rev-parse", "HEAD")
    project.write_run([1], networks=4, seed=8)
    second = project.commit()
    there = [f"git checkout --detach {first[:10]}", f"dvc exp run --queue {RANGE}"]
    assert commands(finding(first, "HEAD")) == [
        *there,
        "git checkout main",
        "dvc exp run --queue -S 'train.seed=range(12,28,4)'",
        "dvc queue start",
    ]
    project.write_run([2], dropout=0.5)
    third = project.commit()
    project.git("checkout", "--quiet", third)
    assert commands(finding(first, second)) == [
        *there,
        f"git checkout {third}",
        f"git checkout --detach {second[:10]}",
        "dvc exp run --queue -S 'train.seed=range(12,28,4)'",
        f"git checkout {third}",
        "dvc queue start",
    ]


def test_the_lines_for_an_experiment_take_its_files_and_put_them_back(project: Project) -> None:
    """When its seeds are queued, its baseline is HEAD and its code is there; then all is as before.

    A file that Git does not track stays where it is.
    """
    baseline = project.git("rev-parse", "HEAD")
    project.write("stages/new.py", "")
    project.experiment("rewritten", [1], code="0ther")
    project.write_run([1], dropout=0.5)
    last = project.commit()
    project.write("notes.txt", "")
    first, files, queue, back, branch, start = commands(finding("main", "rewritten"))[1:]
    assert (queue, start) == (f"dvc exp run --queue {RANGE}", "dvc queue start")
    wide = project.git("rev-parse", f"refs/exps/{baseline[:2]}/{baseline[2:]}/rewritten")
    assert files == f"git restore --source {wide[:10]} --staged --worktree ."
    for line in (first, files):
        project.git(*line.split()[1:])
    assert project.git("rev-parse", "HEAD") == baseline
    assert "stages/new.py" in project.git("diff", "--cached", "--name-only")
    assert "dropout: 0.4" in (project.root / "params.yaml").read_text()
    for line in (back, branch):
        project.git(*line.split()[1:])
    assert project.git("rev-parse", "HEAD") == last
    assert project.git("symbolic-ref", "--short", "HEAD") == "main"
    assert project.git("status", "--porcelain") == "?? notes.txt"


def test_changes_that_are_not_committed_come_first(project: Project) -> None:
    """What would take the folder's changes along is not a line to be pasted."""
    first = project.git("rev-parse", "HEAD")
    project.write_run([1], code="0ther")
    assert commands(finding("main")) == [
        "# A: commit your changes, then:",
        f"#     git checkout --detach {first[:10]}",
        f"#     dvc exp run --queue {RANGE}",
        "#     git checkout main",
        f"dvc exp run --queue {RANGE}",
        "dvc queue start",
    ]
