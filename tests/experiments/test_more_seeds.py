from experiments.more_seeds import commands
from tests.experiments.conftest import Project
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
    project.write_run([1], dropout=0.5)
    assert commands(finding("main"))[:2] == [
        f"dvc exp run --queue -S train.dropout=0.4 {RANGE}",
        f"dvc exp run --queue {RANGE}",
    ]


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
