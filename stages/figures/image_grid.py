"""A figure of captioned images in rows and columns."""

import math
import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure

from stages.figures import literal
from stages.shared.arrays import UInt8Array

COLUMNS = 10
CAPTION_WIDTH = 16  # characters: "100.0%, then 7" is the longest that digits need


def image_grid(
    images: UInt8Array, captions: Sequence[str], heading: str, colours: Sequence[str] | None = None
) -> Figure:
    """Draw images (N, 28, 28, 1) uint8, 0 is black, in rows of ten, each under its caption.

    Long lines of captions are broken. `colours` has one colour per image, for its caption and
    frame; without it they are black. If there are no images, the figure shows the heading alone.
    """
    broken = [_wrapped(caption) for caption in captions]
    size = 10 if broken == list(captions) else 9  # points; smaller where lines are full
    captions = [literal(caption) for caption in broken]
    rows = max(1, math.ceil(len(images) / COLUMNS))
    caption_lines = max((caption.count("\n") + 1 for caption in captions), default=0)
    figure = Figure(figsize=(12, 0.5 + rows * (1.25 + 0.2 * caption_lines)), layout="constrained")
    figure.suptitle(heading)
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for ax in axes[len(images) :]:
        ax.axis("off")
    colours = colours or ["black"] * len(images)
    for ax, image, caption, colour in zip(axes, images, captions, colours, strict=False):
        ax.imshow(image[..., 0], cmap="gray", vmin=0, vmax=255)
        ax.set(xticks=[], yticks=[])
        ax.set_title(caption, fontsize=size, color=colour)
        for spine in ax.spines.values():
            spine.set(color=colour, linewidth=2)
    return figure


def _wrapped(caption: str) -> str:
    lines = (textwrap.wrap(line, CAPTION_WIDTH) for line in caption.split("\n"))
    return "\n".join("\n".join(line) for line in lines)
