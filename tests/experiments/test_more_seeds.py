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


def test_other_code_and_commits_are_comments(project: Project) -> None:
    """What would take the folder's code or parameters along is not a line to be pasted."""
    first = project.git("rev-parse", "HEAD")
    project.experiment("rewritten", [1], code="0ther")
    assert commands(finding("main", "rewritten")) == [
        f"dvc exp run --queue {RANGE}",
        f"# B: commit your changes, `dvc exp apply rewritten`, then `dvc exp run --queue {RANGE}`",
        "dvc queue start",
    ]
    project.write_run([1], networks=4, seed=8)
    project.commit()
    assert commands(finding(first, "HEAD")) == [
        f"# A: commit your changes, `git switch --detach {first[:10]}`, then "
        f"`dvc exp run --queue {RANGE}`",
        "dvc exp run --queue -S 'train.seed=range(12,28,4)'",
        "dvc queue start",
    ]
