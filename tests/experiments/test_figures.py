from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer

from experiments import figures
from experiments.figures import changed_figure, comparison_figure, ranking_figure
from experiments.ranking import Ranked
from stages.figures import BLUE, ORANGE
from tests.experiments.conftest import IMAGES, made_finding, made_run


def marks(ax: Axes) -> list[tuple[str, list[float], list[float]]]:
    """Return what is plotted, but the lines over a whole axis: the marker, and the x and y."""
    lines = [line for line in ax.lines if line.get_marker() != "None"]
    return [
        (
            str(line.get_marker()),
            np.asarray(line.get_xdata(), float).tolist(),
            np.asarray(line.get_ydata(), float).tolist(),
        )
        for line in lines
    ]


def rows(ax: Axes) -> list[str]:
    """Return the names at the rows that are seen, from the top."""
    bottom, top = ax.get_ylim()
    ticks = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
    seen = [(place, label.get_text()) for place, label in ticks if top < place < bottom]
    return [name for _, name in sorted(seen)]


def test_a_comparison_by_hand() -> None:
    """A makes 4 and 5 errors, B 3 and 3: each run and the mean, and the interval of B minus A."""
    found = made_finding([range(4), range(5)], [range(10, 13), range(10, 13)])
    figure = comparison_figure(found)
    runs, difference = figure.axes
    assert marks(runs) == [
        ("o", [4, 5], [0, 0]),
        ("|", [4.5], [0]),
        ("o", [3, 3], [1, 1]),
        ("|", [3], [1]),
    ]
    assert rows(runs) == ["A: main", "B: wide"]
    assert all(tick == round(tick) for tick in runs.get_xticks())
    low, high = found.comparison.low, found.comparison.high
    assert marks(difference) == [("|", [low, high], [0, 0]), ("o", [-1.5], [0])]
    assert rows(difference) == [""]
    assert runs.get_xlabel() == "errors in 200 test images"
    assert difference.get_xlabel() == "errors of B minus errors of A"
    assert difference.yaxis.get_tick_params()["left"] is False
    assert (figure.get_figwidth(), figure.get_figheight()) == (10, 3.6)
    assert figure.get_suptitle().startswith(
        "No telling them apart: for a difference of this size no number of seeds would do;\nwith "
    )


def test_a_ranking_by_hand() -> None:
    """Losses 0.1 and 0.2 have mean 0.15 and the margin 12.706 · 0.0707 / √2 = 0.635.

    Three losses have t = 4.303, and a single one has no margin. HEAD has a diamond at 0.
    """
    other, head = made_finding([[0], [1]], [[2], [3]]), made_finding([[0]], [[0]])
    head = head._replace(groups=(head.groups[0], head.groups[0]))
    runs = [made_run("run", [0], seed) for seed in range(3)]
    ranked = [
        Ranked(0.5, runs[:2], [0.1, 0.2], other),
        Ranked(0.4, runs, [0.2, 0.3, 0.4], head),
        Ranked(0.3, runs[:1], [0.6], other),
    ]
    figure = ranking_figure("train.dropout", ranked)
    losses, errors = figure.axes
    dots: list[Any] = [mark for mark in marks(losses) if mark[0] == "o"]
    assert dots == [("o", [0.1, 0.2], [0, 0]), ("o", [0.2, 0.3, 0.4], [1] * 3), ("o", [0.6], [2])]
    bars = [bar.lines for bar in losses.containers if isinstance(bar, ErrorbarContainer)]
    margins = [12.7062 * np.sqrt(0.005 / 2), 4.30265 * 0.1 / np.sqrt(3), 0]
    for place, (mean, margin) in enumerate(zip((0.15, 0.3, 0.6), margins, strict=True)):
        line, _, (whisker,) = bars[place]
        assert line.get_xydata() == pytest.approx(np.array([[mean, place]]))
        expected = np.array([[mean - margin, place], [mean + margin, place]])
        assert whisker.get_segments()[0] == pytest.approx(expected, rel=1e-4)
    interval = [other.comparison.low, other.comparison.high]
    assert marks(errors) == [
        *(("|", interval, [0, 0]), ("o", [0], [0])),
        ("D", [0], [1]),
        *(("|", interval, [2, 2]), ("o", [0], [2])),
    ]
    assert rows(losses) == ["0.5 (n = 2)", "0.4 (n = 3)", "0.3 (n = 1)"]
    assert losses.get_xlabel() == "validation loss"
    assert errors.get_xlabel() == "errors minus those of HEAD (diamond)"
    assert errors.get_ylim() == losses.get_ylim() == (2.6, -0.6)
    assert errors.yaxis.get_tick_params()["left"] is False
    assert errors.yaxis.get_tick_params()["labelleft"] is False
    assert figure.get_size_inches().tolist() == pytest.approx([10, 3.3])


def test_axes_leave_room_and_show_the_values() -> None:
    """Nothing is drawn on the frame, no row is cut off, and thin lines lead up from the values."""
    found = made_finding([[0]], [[1]])
    ranked = [Ranked(0.5, [made_run("run", [0])], [0.1], found)]
    for figure in (comparison_figure(found), ranking_figure("train.dropout", ranked)):
        assert figure.get_layout_engine()
        assert len({ax.get_position().y0 for ax in figure.axes}) == 1  # side by side
        for ax in figure.axes:
            assert ax.get_xmargin() == 0.1
            lines = ax.xaxis.get_gridlines()
            assert all(line.get_visible() and line.get_alpha() == 0.3 for line in lines)
            assert not any(line.get_visible() for line in ax.yaxis.get_gridlines())


def test_the_sheet_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The images that most runs of one side alone have right, the clearest cases first.

    B alone errs on 2, 5 and 8: in all runs on 8, and in two more of three than A on the others, of
    which the first comes first. A alone errs on 11.
    """
    found = made_finding(
        [[0, 2, 11], [0, 11], [0, 11]], [[0, 2, 8, 5], [0, 5, 8, 2], [0, 2, 8, 30]]
    )
    images = np.zeros((IMAGES, 28, 28, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(IMAGES)
    figure = changed_figure(found, images)
    axes = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in axes] == [
        "is 8\nA 3/3, B 0/3",
        "is 2\nA 2/3, B 0/3",
        "is 5\nA 3/3, B 1/3",
        "is 1\nA 0/3, B 3/3",
    ]
    shown = [int(np.asarray(ax.images[0].get_array())[0, 0]) for ax in axes]
    assert shown == [8, 2, 5, 11]
    colours = [to_hex(ax.title.get_color()).upper() for ax in axes]
    assert colours == [BLUE, BLUE, BLUE, ORANGE]
    heading = "A is main, B is wide\nblue: only A is right, 3; orange: only B is right, 1"
    assert figure.get_suptitle() == heading
    monkeypatch.setattr(figures, "MOST_IMAGES", 2)
    figure = changed_figure(found, images)
    assert [len(ax.images) for ax in figure.axes] == [1, 1, 1, *[0] * 7]
    assert figure.get_suptitle() == heading.replace("3;", "3, of which 2 are shown;")
    # Of many cases, those that are equally clear keep their order.
    many = made_finding([[], [], []], [range(100), range(100), [50, 51]])
    shown_axes = changed_figure(many, images).axes[:2]
    assert [np.asarray(ax.images[0].get_array())[0, 0] for ax in shown_axes] == [50, 51]


def test_the_sheet_of_single_runs_has_their_answers() -> None:
    """The caption has the label, and what A and B took the image for."""
    figure = changed_figure(made_finding([[2]], [[14]]), np.zeros((IMAGES, 28, 28, 1), np.uint8))
    titles = [ax.get_title() for ax in figure.axes if ax.images]
    assert titles == ["is 4\nA 4, B 5", "is 2\nA 3, B 2"]
