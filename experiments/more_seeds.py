"""What to type to run more seeds where there is only one."""

import json
from typing import Any

from experiments.configuration import NETWORKS, PARAMS, SEED, flat, read_configuration
from experiments.finding import Finding, seeds_needed
from experiments.runs import Run
from experiments.sources import head, workspace

MORE_SEEDS = 4  # beside one that is there: five a side


def commands(finding: Finding) -> list[str]:
    """Return what to type to run more seeds of each group that has only one.

    A run of another commit or of other code is a comment that says how: queuing it from here would
    take along what the folder has.
    """
    more = seeds_needed(finding)
    if finding.one_configuration or (more and more.images is not None):
        return []
    sides = zip("AB", finding.groups, strict=True)
    lines = [_more_seeds(side, group[0]) for side, group in sides if len(group) == 1]
    if any(not line.startswith("#") for line in lines):
        lines.append("dvc queue start")
    return lines


def _more_seeds(side: str, run: Run) -> str:
    """Return the command that queues more seeds of a run, or the comment that says how."""
    source, configuration = run.source, run.configuration
    step = configuration.params[NETWORKS]
    end = run.seed + (MORE_SEEDS + 1) * step
    seeds = f"{run.seed + step},{end}" + (f",{step}" if step > 1 else "")
    queue = f"-S 'train.seed=range({seeds})'"
    here = read_configuration(workspace())
    if source.baseline == head() and here and here.code == configuration.code:
        written = flat(workspace().read_yaml(PARAMS) or {})
        options = [
            f"-S {name}={_hydra(value)} "
            for name, value in configuration.params.items()
            if name != SEED and (name not in written or written[name] != value)
        ]
        return f"dvc exp run --queue {''.join(options)}{queue}"
    if source.commit == source.baseline:
        first = f"git switch --detach {source.baseline[:10]}"
    else:
        first = f"dvc exp apply {source.name}"
    return f"# {side}: commit your changes, `{first}`, then `dvc exp run --queue {queue}`"


def _hydra(value: Any) -> str:
    """Return a value as the option -S of DVC takes it."""
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)
