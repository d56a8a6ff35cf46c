"""What to type to run more seeds where there is only one."""

import json
from typing import Any

from experiments.finding import Finding
from experiments.recipe import NETWORKS, PARAMS, SEED, flat, read_recipe
from experiments.runs import Run
from experiments.sources import head, workspace

MORE_SEEDS = 4  # beside one that is there: five a side


def commands(finding: Finding) -> list[str]:
    """Return what to type to run more seeds of each group that has only one."""
    if finding.one_recipe:
        return []
    single = [_more_seeds(group[0]) for group in finding.groups if len(group) == 1]
    # What runs from the folder as it is comes first: bringing other code here changes the folder.
    lines = [line for run in sorted(single, key=len) for line in run]
    return [*lines, "dvc queue start"] if lines else []


def _more_seeds(run: Run) -> list[str]:
    """Return the commands that queue more seeds of a run, on its baseline."""
    source, recipe = run.source, run.recipe
    here = read_recipe(workspace())
    options, before = [], []
    if source.baseline == head() and here and here.code == recipe.code:
        written = flat(workspace().read_yaml(PARAMS) or {})
        options = [
            f"-S {name}={_hydra(value)} "
            for name, value in recipe.params.items()
            if name != SEED and (name not in written or written[name] != value)
        ]
    elif source.commit:
        before = [
            "git stash" if source.baseline == head() else f"git checkout {source.baseline[:10]}"
        ]
        if source.commit != source.baseline:
            before.append(f"dvc exp apply {source.name}")
    step = recipe.params[NETWORKS]
    end = run.seed + (MORE_SEEDS + 1) * step
    seeds = f"{run.seed + step},{end}" + (f",{step}" if step > 1 else "")
    return [*before, f"dvc exp run --queue {''.join(options)}-S 'train.seed=range({seeds})'"]


def _hydra(value: Any) -> str:
    """Return a value as the option -S of DVC takes it."""
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)
