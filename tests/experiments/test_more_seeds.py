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


def test_commands_bring_other_code_and_commits_here(project: Project) -> None:
    """A run of another commit or of other code is brought here first."""
    first = project.git("rev-parse", "HEAD")
    project.experiment("rewritten", [1], code="0ther")
    assert commands(finding("main", "rewritten"))[1:4] == [
        "git stash",
        "dvc exp apply rewritten",
        f"dvc exp run --queue {RANGE}",
    ]
    project.write_run([1], networks=4, seed=8)
    project.commit()
    assert commands(finding(first, "HEAD")) == [
        "dvc exp run --queue -S 'train.seed=range(12,28,4)'",
        f"git checkout {first[:10]}",
        f"dvc exp run --queue {RANGE}",
        "dvc queue start",
    ]
    project.write_run([1], dropout=0.5, code="0ther")
    assert commands(finding("HEAD"))[:2] == [f"dvc exp run --queue {RANGE}", "git stash"]
