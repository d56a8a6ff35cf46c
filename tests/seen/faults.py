"""Faults that a picture may have. Each is put into a figure before it is drawn to a file."""

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from stages.figures import BLUE, ORANGE

SWAPPED = {BLUE.lower(): ORANGE, ORANGE.lower(): BLUE}


def curve_missing(figure: Figure) -> None:
    next(_curves(figure)).remove()


def curve_moved(figure: Figure) -> None:
    """Move a curve up by a twentieth of its axis."""
    curve = next(_curves(figure))
    to_axis = _axes_of(curve).transData + _axes_of(curve).transAxes.inverted()
    points = to_axis.transform(np.asarray(curve.get_xydata())) + np.array([0, 0.05])
    curve.set_data(*to_axis.inverted().transform(points).T)


def point_missing(figure: Figure) -> None:
    """Remove a star, a mean or one interval."""
    next(line for line in _lines(figure) if np.size(line.get_xdata()) == 1).remove()


def colours_swapped(figure: Figure) -> None:
    """Show in orange what is blue, and the reverse."""
    count = 0
    for part in figure.findobj():
        for name in _colours_of(part):
            found = to_hex(getattr(part, f"get_{name}")(), keep_alpha=False)
            if found in SWAPPED:
                getattr(part, f"set_{name}")(SWAPPED[found])
                count += 1
    assert count


def legend_missing(figure: Figure) -> None:
    next(legend for ax in figure.axes if (legend := ax.get_legend())).remove()


def axis_missing(figure: Figure) -> None:
    figure.axes[0].get_xaxis().set_visible(False)


def axis_nameless(figure: Figure) -> None:
    assert figure.axes[0].get_xlabel()
    figure.axes[0].set_xlabel(" ")


def title_missing(figure: Figure) -> None:
    if figure.get_suptitle():
        figure.suptitle(" ")
    else:
        assert figure.axes[0].get_title()
        figure.axes[0].set_title(" ")


def bar_missing(figure: Figure) -> None:
    next(patch for ax in figure.axes for patch in ax.patches).remove()


def number_missing(figure: Figure) -> None:
    next(text for ax in figure.axes for text in ax.texts).remove()


def images_exchanged(figure: Figure) -> None:
    """Exchange the first two images, under the captions as they are."""
    first, second = (ax.images[0] for ax in figure.axes[:2])
    of_first = first.get_array()
    first.set_data(second.get_array())
    second.set_data(of_first)


def caption_missing(figure: Figure) -> None:
    """Leave out one caption; the images stay in their places."""
    caption = figure.axes[1].get_title()
    assert caption
    figure.axes[1].set_title("\n".join(" " for _ in caption.split("\n")))


Fault = Callable[[Figure], None]
GRID: tuple[Fault, ...] = (title_missing, images_exchanged, caption_missing)
AXES: tuple[Fault, ...] = (title_missing, axis_missing, axis_nameless)
CURVES: tuple[Fault, ...] = (curve_missing, curve_moved, point_missing, colours_swapped)
# Pictures by one function have most of their faults in one of them.
FAULTS: dict[str, tuple[Fault, ...]] = {
    "history": (*CURVES, *AXES, legend_missing),
    "history-of-three": (curve_missing, point_missing, legend_missing),
    "confusion": (*AXES, number_missing),
    "confusion-of-names": (number_missing,),
    "errors": (*AXES, bar_missing, number_missing, colours_swapped),
    "errors-of-names": (bar_missing,),
    "confidence": (*CURVES[:2], colours_swapped, *AXES, legend_missing, number_missing),
    "misclassified": (*GRID, colours_swapped),
    "predictions": (images_exchanged, colours_swapped),
    "augmentation": (title_missing, images_exchanged),
    "samples": (images_exchanged, caption_missing),
    "comparison": (*CURVES, axis_nameless),
    "changed": (*GRID, colours_swapped),
    "ranking": (curve_missing, curve_moved, colours_swapped, axis_nameless),
    "results": (axis_missing, bar_missing, number_missing, legend_missing, colours_swapped),
}


def _lines(figure: Figure) -> Any:
    return chain.from_iterable(ax.lines for ax in figure.axes)


def _curves(figure: Figure) -> Any:
    return (line for line in _lines(figure) if np.size(line.get_xdata()) > 2)


def _axes_of(line: Line2D) -> Axes:
    assert isinstance(line.axes, Axes)
    return line.axes


def _colours_of(part: object) -> tuple[str, ...]:
    """Return the names of a part's colours, as far as it has one of each."""
    if isinstance(part, Line2D | Text):
        return ("color",)
    if isinstance(part, Patch):
        return ("facecolor", "edgecolor")
    if isinstance(part, Collection) and len(np.atleast_2d(part.get_edgecolor())) == 1:
        return ("edgecolor",)
    return ()
