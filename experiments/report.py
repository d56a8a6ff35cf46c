"""The report on a comparison of two groups of runs, in parts or as an object for JSON."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.configuration import SEED
from experiments.finding import Finding, seeds_needed, verdict, wrong_answers
from experiments.layout import Commands, Part, Table
from experiments.more_seeds import commands
from experiments.runs import Run
from experiments.statistics import changed_sides


def report(finding: Finding) -> list[Part]:
    """Return what differs, the errors, the difference, the answer, and what to type next."""
    a, b = finding.names
    parts: list[Part] = [f"A is {a}, B is {b}.", *_differences(finding), _errors(finding)]
    parts += [_difference(finding), _changed(finding), f"{_capitalised(verdict(finding))}."]
    lines = commands(finding)
    if lines:
        parts += [_unknown_noise(finding), Commands(lines)]
    return parts


def as_json(finding: Finding) -> dict[str, Any]:
    """Return the report as values that JSON can hold; images are named by their index."""
    found, more = finding.comparison, seeds_needed(finding)
    only_a, only_b = changed_sides(*map(wrong_answers, finding.groups))
    sides = zip("ab", finding.names, finding.groups, strict=True)
    return {
        **{side: {"name": name, **_group_as_json(group)} for side, name, group in sides},
        "parameters": {name: list(values) for name, values in changed_params(finding).items()},
        "code": changed_code(finding),
        "images": finding.images,
        "difference": found.difference,
        "interval": [found.low, found.high],
        "test": "McNemar" if finding.single_runs else "crossed random effects",
        "p_value": found.p_value,
        "probability_b_beats_a": found.beats,
        "verdict": verdict(finding),
        "seeds_needed": more and more.seeds,
        "images_needed": more and more.images,
        "only_a_right": np.flatnonzero(only_a).tolist(),
        "only_b_right": np.flatnonzero(only_b).tolist(),
        "commands": commands(finding),
    }


def changed_params(finding: Finding) -> dict[str, tuple[Any, Any]]:
    """Return the parameters that differ, but the seed, with their values in A and B.

    A side that lacks the parameter has the value "-".
    """
    a, b = (configuration.params for configuration in finding.configurations)
    values = {name: (a.get(name, "-"), b.get(name, "-")) for name in {**a, **b} if name != SEED}
    return {name: (of_a, of_b) for name, (of_a, of_b) in values.items() if of_a != of_b}


def changed_code(finding: Finding) -> list[str]:
    """Return the files and folders of code that differ."""
    a, b = (configuration.code for configuration in finding.configurations)
    return sorted(path for path in {*a, *b} if a.get(path) != b.get(path))


def mean_and_deviation(values: Sequence[float], decimals: int) -> str:
    """Return mean ± standard deviation; of a single value, the value alone."""
    if len(values) == 1:
        return f"{values[0]:.{decimals}f}".removesuffix(".0")
    return f"{np.mean(values):.{decimals}f} ± {np.std(values, ddof=1):.{decimals}f}"


def signed_interval(finding: Finding) -> str:
    """Return the difference with its interval, in errors: +1.2 (-0.3 to +2.7)."""
    found = finding.comparison
    return f"{_signed(found.difference)} ({_signed(found.low)} to {_signed(found.high)})"


def p_value(value: float) -> str:
    """Return a p-value for a sentence: p = 0.03, p < 0.0001."""
    return f"p = {value:.2g}" if value >= 0.0001 else "p < 0.0001"


def _differences(finding: Finding) -> list[Part]:
    params, code = changed_params(finding), changed_code(finding)
    rows = [[name, *map(str, values)] for name, values in params.items()]
    parts: list[Part] = [Table([["parameter", "A", "B"], *rows])] if rows else []
    if code:
        parts.append(f"The code differs: {', '.join(code)}.")
    if len({configuration.own_pictures for configuration in finding.configurations}) > 1:
        parts.append("The own pictures differ.")
    return parts or ["The parameters and the code are the same."]


def _errors(finding: Finding) -> Table:
    rows = [["", "seeds", "errors, mean ± sd", "accuracy", "errors by seed"]]
    for side, group in zip("AB", finding.groups, strict=True):
        errors = [run.errors for run in group]
        accuracy = f"{100 * (1 - np.mean(errors) / finding.images):.2f} %"
        by_seed = ", ".join(f"{run.seed}: {run.errors}" for run in group)
        rows.append([side, str(len(group)), mean_and_deviation(errors, 1), accuracy, by_seed])
    return Table(rows)


def _difference(finding: Finding) -> str:
    found = finding.comparison
    test = "exact McNemar test, " if finding.single_runs else ""
    line = (
        f"B minus A: {_signed(found.difference)} errors in {finding.images:,} test images, 95 % "
        f"interval {_signed(found.low)} to {_signed(found.high)}; {test}{p_value(found.p_value)}."
    )
    if found.beats is None:
        return line
    pairs = len(finding.groups[0]) * len(finding.groups[1])
    return (
        f"{line}\nA run of B has fewer errors than a run of A with a probability of "
        f"{100 * found.beats:.0f} % ({found.beats * pairs:g} of {pairs} pairs; a tie counts half)."
    )


def _changed(finding: Finding) -> str:
    found = finding.comparison
    most = "" if finding.single_runs else " (most of its seeds)"
    return f"Images that only A has right{most}: {found.only_a:,}; only B: {found.only_b:,}."


def _unknown_noise(finding: Finding) -> str:
    if finding.single_runs:
        return "One seed a side does not show how much the seeds vary. More seeds do:"
    a, b = "AB" if len(finding.groups[0]) == 1 else "BA"
    return f"{a} has one seed, and is taken to vary as {b} does. More seeds show it:"


def _group_as_json(group: Sequence[Run]) -> dict[str, Any]:
    errors = [run.errors for run in group]
    return {
        "runs": [{"name": r.source.name, "seed": r.seed, "errors": r.errors} for r in group],
        "mean": float(np.mean(errors)),
        "standard_deviation": float(np.std(errors, ddof=1)) if len(group) > 1 else None,
    }


def _signed(value: float) -> str:
    """Return a number with its sign and one decimal: +1.2, -0.3, 0.0."""
    text = f"{value:+.1f}"
    return "0.0" if text[1:] == "0.0" else text


def _capitalised(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
