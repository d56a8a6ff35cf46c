"""The pictures of a comparison: errors and their difference, a ranking, and the changed images."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import t

from experiments.finding import Finding, verdict, wrong_answers
from experiments.ranking import Ranked
from experiments.statistics import CONFIDENCE_LEVEL, changed_sides
from stages.figures import BLUE, ORANGE
from stages.figures.image_grid import image_grid
from stages.shared.arrays import UInt8Array

MOST_IMAGES = 50  # on a sheet, of each kind
DOT = {"markersize": 7, "alpha": 0.5, "markeredgewidth": 0}


def comparison_figure(finding: Finding) -> Figure:
    """Draw the errors of each run, and the difference with its interval."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    figure.suptitle(_wrapped(verdict(finding)))
    runs, difference = figure.subplots(1, 2)
    names = [f"{side}: {name}" for side, name in zip("AB", finding.names, strict=True)]
    errors = [[run.errors for run in group] for group in finding.groups]
    for place, (values, colour) in enumerate(zip(errors, (BLUE, ORANGE), strict=True)):
        runs.plot(values, [place] * len(values), "o", color=colour, **DOT)
        runs.plot(np.mean(values), place, "|", color=colour, markersize=28, markeredgewidth=3)
    _finish(runs, names, f"errors in {finding.images:,} test images")
    runs.set_title("each run, and the mean", fontsize=10)
    runs.xaxis.set_major_locator(MaxNLocator(integer=True))
    _draw_interval(difference, 0, finding, "black")
    _finish(difference, [""], "errors of B minus errors of A")
    difference.tick_params(left=False)
    difference.set_title("the difference and its 95 % interval", fontsize=10)
    difference.axvline(0, color="gray", linestyle="--", zorder=0)
    return figure


def ranking_figure(parameter: str, ranked: Sequence[Ranked]) -> Figure:
    """Draw the validation losses by value, best on top, and the differences of test errors.

    The interval of a loss is that of Student's t over the seeds; one seed has none.
    """
    figure = Figure(figsize=(10, 1.8 + 0.5 * len(ranked)), layout="constrained")
    figure.suptitle(f"{parameter}, ranked by validation loss")
    losses, errors = figure.subplots(1, 2, sharey=True)
    for place, found in enumerate(ranked):
        values, count = found.losses, len(found.losses)
        losses.plot(values, [place] * count, "o", color=BLUE, **DOT)
        margin = 0.0
        if count > 1:
            quantile = t.ppf((1 + CONFIDENCE_LEVEL) / 2, count - 1)
            margin = float(quantile * np.std(values, ddof=1) / np.sqrt(count))
        losses.errorbar(np.mean(values), place, xerr=margin, fmt="|", color="black", capsize=4)
        if found.finding.one_configuration:
            errors.plot(0, place, "D", color="black", markersize=6)
        else:
            _draw_interval(errors, place, found.finding, ORANGE)
    names = [f"{found.value} (n = {len(found.runs)})" for found in ranked]
    _finish(losses, names, "validation loss")
    losses.set_title("each run;\nmean and 95 % interval over seeds", fontsize=10)
    _finish(errors, names, "errors minus those of HEAD (diamond)")
    errors.tick_params(left=False)
    errors.set_title("test errors and 95 % interval;\nthey choose nothing", fontsize=10)
    errors.axvline(0, color="gray", linestyle="--", zorder=0)
    return figure


def changed_figure(finding: Finding, images: UInt8Array) -> Figure:
    """Draw the test images (N, 28, 28, 1) that changed sides: those only A has right come first.

    A caption has the label, and how many runs of each side are right.
    """
    wrong = [wrong_answers(group) for group in finding.groups]
    shares = np.abs(wrong[1].mean(axis=0) - wrong[0].mean(axis=0))
    shown, colours, counts = [], [], []
    for changed, colour in zip(changed_sides(*wrong), (BLUE, ORANGE), strict=True):
        indices = np.flatnonzero(changed)
        clearest = indices[np.argsort(-shares[indices], kind="stable")][:MOST_IMAGES]
        shown += clearest.tolist()
        colours += [colour] * len(clearest)
        part = "" if len(clearest) == len(indices) else f", of which {len(clearest)} are shown"
        counts.append(f"{len(indices):,}{part}")
    heading = (
        f"A is {finding.names[0]}, B is {finding.names[1]}\n"
        f"blue: only A is right, {counts[0]}; orange: only B is right, {counts[1]}"
    )
    captions = [_caption(finding, index) for index in shown]
    return image_grid(images[shown], captions, heading, colours)


def _caption(finding: Finding, index: int) -> str:
    label = finding.groups[0][0].labels[index]
    if finding.single_runs:
        a, b = (group[0].predicted[index] for group in finding.groups)
        return f"is {label}\nA {a}, B {b}"
    a, b = (
        f"{sum(run.predicted[index] == label for run in group)}/{len(group)}"
        for group in finding.groups
    )
    return f"is {label}\nA {a}, B {b}"


def _draw_interval(ax: Axes, place: float, finding: Finding, colour: str) -> None:
    found = finding.comparison
    ax.plot([found.low, found.high], [place, place], "-|", color=colour, markersize=10)
    ax.plot(found.difference, place, "o", color=colour, markersize=8)


def _finish(ax: Axes, names: Sequence[str], label: str) -> None:
    """Label the rows from the top, and the axis."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.margins(x=0.1)
    ax.set_xlabel(label)
    ax.grid(axis="x", alpha=0.3)


def _wrapped(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:].replace("; ", ";\n")
