"""The learning curves."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from stages.figures import BLUE, ORANGE


def history_figure(history: pd.DataFrame, title: str) -> Figure:
    """Draw loss, accuracy and learning rate by epoch; mark the kept epochs.

    `history` has the columns of plots/history.csv. The networks of an ensemble have shades of their
    own, the first one the darkest.
    """
    figure = Figure(figsize=(14, 4.5), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(1, 3)
    for ax, metric in zip(axes, ("loss", "accuracy"), strict=False):
        _draw_metric(ax, history, metric)
    axes[0].set_yscale("log")
    axes[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes[0].yaxis.set_major_formatter("{x:g}")
    axes[0].yaxis.set_minor_formatter(NullFormatter())
    first = history[history["network"] == 1]
    axes[2].plot(first["epoch"], first["learning_rate"], "o-", color="black", markersize=4)
    for ax, name in zip(axes, ("loss (logarithmic)", "accuracy", "learning rate"), strict=True):
        ax.set(xlabel="epoch", ylabel=name)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if len(first) == 1:
            ax.set_xlim(0.5, 1.5)  # a single point has no range of its own
        ax.grid(alpha=0.3)
    return figure


def _draw_metric(ax: Axes, history: pd.DataFrame, metric: str) -> None:
    """Draw one metric of all networks, in training and in validation."""
    networks = history["network"].nunique()
    for index, (_, rows) in enumerate(history.groupby("network")):
        shade = 1 - 0.7 * index / networks
        first = index == 0  # one entry of the legend stands for all networks
        for column, name, colour, style in (
            (metric, "training", BLUE, "o--"),
            (f"val_{metric}", "validation", ORANGE, "s-"),
        ):
            label = name if first else None
            ax.plot(
                rows["epoch"],
                rows[column],
                style,
                color=colour,
                alpha=shade,
                label=label,
                markersize=4,
            )
        kept = rows[rows["kept"] == 1].iloc[0]
        epoch, value = int(kept["epoch"]), kept[f"val_{metric}"]
        name = f"kept epoch, {epoch}: {value:.4f}" if networks == 1 else "kept epochs"
        label = name if first else None
        ax.plot(epoch, value, "*", color="black", markersize=13, label=label, zorder=3)
    ax.legend()
