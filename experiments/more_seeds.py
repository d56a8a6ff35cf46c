"""What to type to run more seeds where there is only one."""

import json
from typing import Any

from experiments.configuration import NETWORKS, PARAMS, SEED, flat, read_configuration
from experiments.finding import Finding, seeds_needed
from experiments.runs import Run
from experiments.sources import Source, branch, head, is_clean, workspace

MORE_SEEDS = 4  # beside one that is there: five a side


def commands(finding: Finding) -> list[str]:
    """Return what to type to run more seeds of each group that has only one.

    A run of another commit or of other code is queued from there. With changes that are not
    committed, those lines are comments: they would take the changes along.
    """
    more = seeds_needed(finding)
    if finding.one_configuration or (more and more.images is not None):
        return []
    sides = zip("AB", finding.groups, strict=True)
    lines = [line for side, group in sides if len(group) == 1 for line in _queue(side, group[0])]
    return [*lines, "dvc queue start"] if lines else []


def _queue(side: str, run: Run) -> list[str]:
    """Return the commands that queue more seeds of a run."""
    source, configuration = run.source, run.configuration
    step = configuration.params[NETWORKS]
    end = run.seed + (MORE_SEEDS + 1) * step
    seeds = f"{run.seed + step},{end}" + (f",{step}" if step > 1 else "")
    more = f"-S 'train.seed=range({seeds})'"
    here = read_configuration(workspace())
    if source.baseline == head() and here and here.code == configuration.code:
        written = flat(workspace().read_yaml(PARAMS) or {})
        options = [
            f"-S {name}={_hydra(value)} "
            for name, value in configuration.params.items()
            if name != SEED and (name not in written or written[name] != value)
        ]
        return [f"dvc exp run --queue {''.join(options)}{more}"]
    lines = _there(source, f"dvc exp run --queue {more}")
    if is_clean():
        return lines
    return [f"# {side}: commit your changes, then:", *(f"#     {line}" for line in lines)]


def _there(source: Source, command: str) -> list[str]:
    """Return the lines that run a command where a run was made, and then go back.

    The files of an experiment are put on its baseline, so that its seeds become experiments on it.
    """
    lines = [command]
    if source.commit != source.baseline:
        files = f"git restore --source {source.commit[:10]} --staged --worktree ."
        lines = [files, command, "git restore --staged --worktree ."]
    return [f"git checkout --detach {source.baseline[:10]}", *lines, f"git checkout {branch()}"]


def _hydra(value: Any) -> str:
    """Return a value as the option -S of DVC takes it."""
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)
