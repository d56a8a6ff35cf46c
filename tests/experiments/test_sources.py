from pathlib import Path

import pytest

from experiments.sources import Source, branch, experiments, find_source, head, is_clean, workspace
from stages.shared.cli import StageError
from tests.experiments.conftest import Project


def test_lists_experiments_but_not_dvcs_own_notes(project: Project) -> None:
    """Refs of the queue, the stash and the last run are no experiments; names may have slashes."""
    project.experiment("some/name", [])
    commit = project.git("rev-parse", "HEAD")
    for ref in ("exec/EXEC_BASELINE", "stash", "celery/stash", "celery/failed"):
        project.git("update-ref", f"refs/exps/{ref}", commit)
    assert [found.name for found in experiments()] == ["some/name"]
    assert experiments()[0].baseline == commit == head()


def test_finds_commits_and_experiments(project: Project) -> None:
    """A branch, a hash and an experiment's name lead to a commit and its baseline."""
    project.experiment("wide", [])
    (wide,) = experiments()
    assert find_source("wide") == wide
    assert find_source(wide.commit) == wide._replace(name=wide.commit)
    assert find_source("main").commit == find_source("HEAD").baseline == head()
    assert workspace() == ("workspace", "", head())


def test_the_experiment_on_head_goes_before_those_of_its_name(project: Project) -> None:
    """Of two experiments with one name that on HEAD is meant; away from both it is refused."""
    project.experiment("wide", [1])
    project.write("notes.txt", "more")
    second = project.commit()
    project.experiment("wide", [2])
    assert find_source("wide").baseline == second
    project.write("notes.txt", "even more")
    project.commit()
    with pytest.raises(StageError) as caught:
        find_source("wide")
    assert str(caught.value) == (
        "wide: found this name on 2 commits, expected one; type the commit that you mean, such as "
        f"{min(experiments()).commit[:10]}"
    )


def test_a_branch_is_named_and_a_commit_has_its_hash(project: Project) -> None:
    """That is what `git checkout` takes to come back here."""
    assert branch() == "main"
    project.git("checkout", "--quiet", "--detach")
    assert branch() == project.git("rev-parse", "HEAD")


def test_the_folder_is_clean_unless_a_tracked_file_was_edited(project: Project) -> None:
    """A file that Git does not track stays where it is when another commit is checked out."""
    project.write("notes.txt", "")
    assert is_clean()
    project.write("params.yaml", "")
    assert not is_clean()


def test_an_experiment_on_an_earlier_commit_is_found_by_its_name(project: Project) -> None:
    """If no other has the name, HEAD may have moved on."""
    project.experiment("wide", [1])
    baseline = project.git("rev-parse", "HEAD")
    project.write("notes.txt", "")
    project.commit()
    assert find_source("wide").baseline == baseline


def test_finds_a_branch_that_only_a_remote_has(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a plain clone the name of a branch is enough; two remotes must agree on it."""
    commit = project.git("rev-parse", "HEAD")
    project.git("branch", "other")
    clone = Project(project.root.parent / "clone")
    project.git("clone", "--quiet", ".", str(clone.root))
    monkeypatch.chdir(clone.root)
    assert find_source("other") == ("other", commit, commit)
    with pytest.raises(StageError, match="nothing: found no such revision"):
        find_source("nothing")
    clone.git("remote", "add", "second", str(project.root))
    clone.git("fetch", "--quiet", "second")
    assert find_source("other").commit == commit
    project.write("notes.txt", "")
    project.commit()
    project.git("branch", "--force", "other")
    clone.git("fetch", "--quiet", "second")
    with pytest.raises(StageError, match="other: found this name on 2 commits, expected one"):
        find_source("other")


def test_reads_files_of_a_commit_and_of_the_folder(project: Project) -> None:
    """A commit has its own content of a file, the workspace that of the folder."""
    before = find_source("HEAD").read("params.yaml")
    project.write("params.yaml", "learning_rate: 1e-3\n")
    assert find_source("HEAD").read("params.yaml") == before
    read = workspace().read_yaml("params.yaml")
    assert read == {"learning_rate": 0.001}
    assert type(read["learning_rate"]) is float
    assert workspace().read("nothing") is None
    assert workspace().read_yaml("nothing") is None
    assert find_source("HEAD").read("nothing") is None


def test_refuses_a_folder_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a clone one line says so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(StageError) as caught:
        workspace()
    assert str(caught.value) == (
        "found no Git commit here, expected a clone of the project; `cd` to one"
    )


def test_says_that_git_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing works without the program, so one line says to install it."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StageError) as caught:
        head()
    assert str(caught.value) == "git: found no such program, expected Git; install it"


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        (Source("workspace", "", "b"), "type `dvc repro`"),
        (Source("main", "b", "b"), "type `git checkout main` and `dvc repro`, then commit"),
        (Source("wide", "c", "b"), "type `dvc exp apply wide` and `dvc repro`"),
    ],
)
def test_says_how_to_finish_a_run(source: Source, remedy: str) -> None:
    """The remedy brings the files of a commit or an experiment here before `dvc repro`."""
    error = source.stale("this", "that")
    assert str(error) == f"{source.name}: found this, expected that; {remedy}"
