"""The values of one parameter, ranked by their validation loss. The test set chooses nothing."""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import ttest_ind_from_stats

from experiments.configuration import PARAMS, SEED, Configuration, read_configuration
from experiments.finding import Finding, compare_runs
from experiments.layout import Part, Table
from experiments.report import mean_and_deviation, p_value, signed_interval
from experiments.runs import HISTORY, Run, read_group, read_run, read_table
from experiments.sources import Source, experiments, find_source
from stages.shared.cli import StageError

EXAMPLES = 3  # of parameters that an error names


class Ranked(NamedTuple):
    """The runs with one value of the parameter."""

    value: Any
    runs: list[Run]
    losses: list[float]  # validation loss of each run, the mean over its networks' kept epochs
    finding: Finding  # A is HEAD's value, B is this one


def rank(parameter: str) -> list[Ranked]:
    """Group HEAD and the experiments on it by a parameter of train, the lowest loss first.

    All other parameters, but the seed, are HEAD's. Raises `StageError` if there is no such
    parameter, if it has one value only, or if a run's files are not those of its dvc.lock.
    """
    base = find_source("HEAD")
    configuration = read_run(base).configuration
    on_head = [base, *(found for found in experiments() if found.baseline == base.commit)]
    others = [(source, other) for source in on_head if (other := read_configuration(source))]
    allowed = [name for name in configuration.params if name.startswith("train.") and name != SEED]
    if parameter not in allowed:
        examples = _examples(allowed, [other for _, other in others])
        raise StageError(
            f"--by: found {parameter}, expected a parameter of train, as other sections change the "
            f"images on which the loss is measured; type one that {PARAMS} has under train, such "
            f"as {', '.join(examples)}"
        )
    # The first run of each value leads to all of them.
    firsts: dict[Any, Source] = {}
    for source, other in others:
        if parameter not in other.params:
            continue
        value = other.params[parameter]
        alike = other._replace(params=other.params | {parameter: configuration.params[parameter]})
        if alike.equals(configuration):
            firsts.setdefault(value, source)
    if len(firsts) == 1:
        raise StageError(
            f"--by: found {parameter}={next(iter(firsts))} alone, expected experiments on HEAD "
            f"with other values; type `dvc exp run --queue -S '{parameter}=VALUE,VALUE'` and "
            "`dvc queue start`"
        )
    groups = [read_group(source) for source in firsts.values()]
    ranked = [_ranked(parameter, group, groups[0]) for group in groups]
    return sorted(ranked, key=lambda found: float(np.mean(found.losses)))


def ranking_report(parameter: str, ranked: list[Ranked]) -> list[Part]:
    """Return the table of the values, and whether the first one is ahead by more than chance."""
    heading = [parameter, "seeds", "validation loss, mean ± sd", "test errors, mean ± sd"]
    rows = [[*heading, "minus HEAD's, 95 % interval"]]
    for found in ranked:
        errors = mean_and_deviation([run.errors for run in found.runs], 1)
        cells = [str(found.value), str(len(found.runs)), mean_and_deviation(found.losses, 4)]
        rows.append(
            [
                *cells,
                errors,
                "HEAD" if found.finding.one_configuration else signed_interval(found.finding),
            ]
        )
    images = ranked[0].finding.images
    return [
        Table(rows),
        f"Ranked by validation loss. The errors in {images:,} test images choose nothing.",
        ranking_verdict(parameter, ranked),
    ]


def ranking_as_json(parameter: str, ranked: list[Ranked]) -> dict[str, Any]:
    """Return the ranking as values that JSON can hold."""
    values = [
        {
            "value": found.value,
            "runs": [
                {"name": run.source.name, "seed": run.seed, "loss": loss, "errors": run.errors}
                for run, loss in zip(found.runs, found.losses, strict=True)
            ],
            "difference_to_head": found.finding.comparison.difference,
            "interval": [found.finding.comparison.low, found.finding.comparison.high],
        }
        for found in ranked
    ]
    return {
        "parameter": parameter,
        "images": ranked[0].finding.images,
        "verdict": ranking_verdict(parameter, ranked),
        "values": values,
    }


def ranking_verdict(parameter: str, ranked: list[Ranked]) -> str:
    """Say whether the first value's loss is below the second's by more than the seeds' chance.

    Welch, "The generalization of Student's problem when several different population variances
    are involved" (1947).
    """
    first, second = ranked[:2]
    names = f"{parameter} {first.value} and {second.value}"
    if min(len(first.runs), len(second.runs)) == 1:
        return f"No telling {names} apart: one seed does not tell how much the loss varies."
    if max(np.ptp(first.losses), np.ptp(second.losses)) == 0:
        return f"No telling {names} apart: their losses do not vary over the seeds."
    # From the moments: ttest_ind warns if the losses of one value do not vary.
    moments = [*_moments(first.losses), *_moments(second.losses)]
    p = float(ttest_ind_from_stats(*moments, equal_var=False).pvalue)
    if p < 0.05:
        return f"{first.value} has a lower validation loss than {second.value}, {p_value(p)}."
    return f"No telling {names} apart by their validation loss, {p_value(p)}."


def _moments(values: list[float]) -> tuple[float, float, int]:
    return float(np.mean(values)), float(np.std(values, ddof=1)), len(values)


def _examples(names: list[str], configurations: list[Configuration]) -> list[str]:
    """Return a few of the parameters, those that differ between the configurations if any do."""
    changed = [
        name for name in names if len({str(found.params.get(name)) for found in configurations}) > 1
    ]
    return (changed or names)[:EXAMPLES]


def _ranked(parameter: str, group: list[Run], of_head: list[Run]) -> Ranked:
    value = group[0].configuration.params[parameter]
    losses = [_kept_loss(run) for run in group]
    return Ranked(value, group, losses, compare_runs(("HEAD", str(value)), of_head, group))


def _kept_loss(run: Run) -> float:
    history = read_table(run.source, run.configuration, HISTORY)
    missing = [name for name in ("kept", "val_loss") if name not in history]
    if missing:
        raise run.source.stale(f"{HISTORY} without {missing[0]}", "the columns kept and val_loss")
    return float(history.loc[history["kept"] == 1, "val_loss"].mean())
