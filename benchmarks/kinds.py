"""Name all kinds of pictures, in groups, and make pictures of any of them.

`KINDS[group][name]` is the function that makes a picture; `samples` calls it for many.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from benchmarks import (
    characters,
    corruptions,
    filled_shapes,
    framed_pictures,
    hard_pictures,
    non_digits,
    photographed_cells,
    row_pictures,
    tight_pictures,
)
from stages.shared.arrays import LabelledImages

ROWS, NO_DIGIT = "rows of digits", "pictures without a digit"
KINDS: dict[str, dict[str, Callable[..., bytes]]] = {
    "hard pictures": {**hard_pictures.KINDS},
    "frames": framed_pictures.KINDS | photographed_cells.KINDS,
    "edges": {**tight_pictures.KINDS},
    ROWS: {**row_pictures.KINDS},
    "corruptions": {**corruptions.KINDS},
    NO_DIGIT: non_digits.KINDS | characters.KINDS | filled_shapes.KINDS,
}
LARGE = "4000 px"  # a tenth of the pictures is used, as each takes half a second to make
MIN_DIGITS, MAX_DIGITS = 2, 8  # in a row


class Sample(NamedTuple):
    """A picture file and the digits that it shows, left to right; none if it shows no digit."""

    content: bytes
    labels: list[int]


def samples(group: str, name: str, data: LabelledImages, count: int) -> Iterator[Sample]:
    """Make `count` pictures of one kind, always the same for the same data.

    Pictures of one digit are made from the first images, rows from images chosen at random.
    """
    make, random = KINDS[group][name], np.random.default_rng(0)
    for index in range(count // 10 if name == LARGE else count):
        if group == NO_DIGIT:
            yield Sample(make(random), [])
        elif group == ROWS:
            length = int(random.integers(MIN_DIGITS, MAX_DIGITS + 1))
            chosen = random.integers(0, len(data.labels), length)
            yield Sample(make(data.images[chosen, ..., 0], random), data.labels[chosen].tolist())
        elif index < len(data.labels):
            yield Sample(make(data.images[index, ..., 0], random), [int(data.labels[index])])
