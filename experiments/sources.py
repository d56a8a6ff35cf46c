"""Where runs are: commits, DVC experiments and the workspace, and the files of each.

All files of interest are in Git, so `git show` finds them in a clone with an empty DVC cache. An
experiment is a commit under refs/exps/. Its path there has the commit that it is based on, its
baseline: refs/exps/ab/cdef…/NAME.
"""

import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.shared.cli import StageError, one_line

_EXPERIMENT = re.compile("refs/exps/([0-9a-f]{2})/([0-9a-f]{38})/(.+) ([0-9a-f]{40})")


class Source(NamedTuple):
    """Where the files of a run are."""

    name: str  # as the user types it
    commit: str  # "" for the workspace
    baseline: str  # the commit that experiments with other seeds are based on

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None if it is not there."""
        if self.commit:
            return _git("show", f"{self.commit}:./{path}")
        return Path(path).read_bytes() if Path(path).exists() else None

    def read_yaml(self, path: str) -> Any:
        """Read YAML 1.2, as DVC does; None if the file is not there.

        Raises `StageError` if it is not YAML.
        """
        content = self.read(path)
        try:
            return None if content is None else YAML(typ="safe").load(content)
        except (YAMLError, ValueError, RecursionError) as error:
            raise self.stale(f"{path} with {one_line(error)}", "YAML") from None

    def stale(self, found: str, expected: str) -> StageError:
        """Return the error that says that the files here are not those of a finished run."""
        if not self.commit:
            remedy = "type `dvc repro`"
        elif self.commit == self.baseline:
            remedy = f"type `git checkout {self.name}` and `dvc repro`, then commit"
        else:
            remedy = f"type `dvc exp apply {self.name}` and `dvc repro`"
        return StageError(f"{self.name}: found {found}, expected {expected}; {remedy}")


def find_source(name: str) -> Source:
    """Find a commit or an experiment by its name, as Git or `dvc exp show` has it.

    A branch that only a remote has is found without the remote's name, as DVC finds it. Raises
    `StageError` if there is none, and if experiments on several commits have the name and none of
    the commits is HEAD, or branches of several remotes.
    """
    commit = _commit(name)
    if commit:
        return _source_of_commit(name, commit)
    named = [found for found in experiments() if found.name == name]
    on_head = [found for found in named if found.baseline == head()]
    chosen = on_head or named or _remote_branches(name)
    if not chosen:
        raise StageError(
            f"{name}: found no such revision or experiment, expected one that `git log --all` or "
            "`dvc exp list --all-commits` shows; type its name"
        )
    if len(chosen) > 1:
        raise StageError(
            f"{name}: found this name on {len(chosen)} commits, expected one; type the commit that "
            f"you mean, such as {chosen[0].commit[:10]}"
        )
    return chosen[0]


def workspace() -> Source:
    """Return the source that stands for the files in the folder."""
    return Source("workspace", "", head())


def check_folder() -> None:
    """Raise `StageError` unless this is the folder of the pipeline, in a Git repository."""
    head()
    if not Path("dvc.yaml").exists():
        raise StageError(
            f"{Path.cwd()}: found no pipeline, expected the project's folder; `cd` to it"
        )


def head() -> str:
    """Return the hash of the current commit.

    Raises `StageError` if there is no commit.
    """
    commit = _commit("HEAD")
    if not commit:
        raise StageError("found no Git commit here, expected a clone of the project; `cd` to one")
    return commit


def branch() -> str:
    """Return the name of the current branch; the hash of the commit if there is none."""
    return (_git("symbolic-ref", "--short", "--quiet", "HEAD") or head().encode()).decode().strip()


def is_clean() -> bool:
    """Say whether the files that Git tracks are as they were committed."""
    return _git("status", "--porcelain", "--untracked-files=no") == b""


def experiments() -> list[Source]:
    """Return all experiments by their names; DVC's other notes under refs/exps/ are left out."""
    listed = _git("for-each-ref", "--format=%(refname) %(objectname)", "refs/exps") or b""
    matches = map(_EXPERIMENT.fullmatch, listed.decode().splitlines())
    return sorted(Source(found[3], found[4], found[1] + found[2]) for found in matches if found)


def _source_of_commit(name: str, commit: str) -> Source:
    bases = [found.baseline for found in experiments() if found.commit == commit]
    return Source(name, commit, bases[0] if bases else commit)


def _remote_branches(name: str) -> list[Source]:
    """Return the branches of this name that the remotes have, one for each commit."""
    remotes = (_git("remote") or b"").decode().splitlines()
    commits = {_commit(f"refs/remotes/{remote}/{name}") for remote in remotes} - {""}
    return [_source_of_commit(name, commit) for commit in sorted(commits)]


def _commit(name: str) -> str:
    """Return the hash of a commit; "" if there is none."""
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return (found or b"").decode().strip()


def _git(*arguments: str) -> bytes | None:
    """Return what a Git command prints; None if it fails."""
    command = ["git", *arguments]
    try:
        result = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - Git alone
    except FileNotFoundError:
        raise StageError("git: found no such program, expected Git; install it") from None
    return None if result.returncode else result.stdout
