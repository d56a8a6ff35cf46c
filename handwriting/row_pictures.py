"""Make pictures of rows of digits from single ones, as varied as those that people take."""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.row_digits import ByteArray, FloatArray, Style, draw_digit
from handwriting.row_layout import draw_row, join_digits, place_digits, random_gaps
from handwriting.row_marks import draw_end, draw_lines, draw_point, draw_scraps
from handwriting.row_paper import photographed
from pictures.grey import shrunk

# The shares of rows with 1 to 12 digits.
COUNT_SHARES = (0.04, 0.09, 0.13, 0.15, 0.15, 0.13, 0.09, 0.07, 0.05, 0.05, 0.03, 0.02)


class RowPicture(NamedTuple):
    """A picture of a row of digits."""

    grey: FloatArray  # (H, W), 0 is black
    digits: str
    middles: FloatArray  # (N,), the column of each digit's middle


def random_style(rng: np.random.Generator) -> Style:
    """Choose how the writer of a row writes."""
    plain = rng.random() < 0.25  # as in MNIST's own images
    has_low_digits = not plain and rng.random() < 0.35
    others = "".join(str(digit) for digit in range(10) if rng.random() < 0.15)
    return Style(
        height=float(np.exp(rng.uniform(np.log(19), np.log(56)))),
        width=1.0 if plain else rng.uniform(0.7, 1.35),
        slant=0.0 if plain else rng.normal(0.15, 0.22),
        rotation=0.0 if plain else rng.normal(0, 0.07),
        pen=rng.uniform(0.1, 0.19) if plain else np.exp(rng.uniform(np.log(0.055), np.log(0.22))),
        low_digits="0" + (others if rng.random() < 0.4 else "") if has_low_digits else "",
        low=rng.uniform(0.4, 0.8),
        flag=not plain and rng.random() < 0.45,
        bar=not plain and rng.random() < 0.3,
        tall=1.0 if plain else rng.uniform(0.95, 1.35),
        jitter=0.02 if plain else rng.uniform(0.02, 0.14),
        wander=0.02 if plain else rng.uniform(0, 0.12),
    )


def random_digits(rng: np.random.Generator) -> str:
    """Choose the digits of a row: any, or an amount with zeros at its end or a repeated digit."""
    count = int(rng.choice(np.arange(1, 13), p=COUNT_SHARES))
    digits = rng.integers(0, 10, count)
    if rng.random() < 0.3:
        digits[count - int(rng.integers(0, count)) :] = 0
    if rng.random() < 0.15:
        start = int(rng.integers(0, count))
        digits[start : start + 3] = digits[start]
    return "".join(map(str, digits))


def make_row(
    rng: np.random.Generator,
    images: ByteArray,
    by_label: list[NDArray[np.intp]],
) -> RowPicture:
    """Make a picture of a row.

    Args:
        rng: decides everything.
        images: (N, 28, 28), single digits.
        by_label: for each digit, which images show it.
    """
    style, digits = random_style(rng), random_digits(rng)
    pieces = [
        draw_digit(rng, images[rng.choice(by_label[int(digit)])], int(digit), style)
        for digit in digits
    ]
    has_points = len(digits) > 3 and rng.random() < 0.45
    is_group = [has_points and (len(digits) - i) % 3 == 0 for i in range(len(digits))]
    room = rng.uniform(0.1, 0.35)
    spaces = [room if start and i else 0.0 for i, start in enumerate(is_group)]
    gaps = random_gaps(rng, style.height)
    placed = place_digits(rng, pieces, style, gaps, spaces)
    margin = round(1.2 * style.height)
    sheet, baseline, middles = draw_row(placed, margin)
    pen = max(1, round(style.pen * style.height))
    if gaps.joined:
        join_digits(rng, sheet, middles, pen, gaps.joined)
    for i, start in enumerate(is_group):
        if start and i:
            x = placed[i].left - placed[0].left + margin - room / 2 * style.height
            draw_point(rng, sheet, x, baseline, style.height, pen)
    has_ends = rng.random(2) < (0.06, 0.25)
    for x, has_end in zip((0, sheet.shape[1] - margin * 0.95), has_ends, strict=True):
        if has_end:
            draw_end(rng, sheet, x, baseline, style.height, pen)
    if rng.random() < 0.4:
        sheet = _tilted(sheet, rng.normal(0, 0.05))
    window = _crop(rng, sheet, style.height, margin, has_ends)
    draw_lines(rng, sheet, baseline, style.height)
    sheet, middles = sheet[window].copy(), middles - window[1].start
    if rng.random() < 0.12:
        scrap = draw_digit(rng, images[rng.integers(len(images))], 0, style)
        draw_scraps(rng, sheet, scrap.ink)
    grey = photographed(rng, sheet.astype(np.float32) / np.float32(255))
    shrunk_grey = shrunk(grey[..., np.newaxis])[..., 0]
    return RowPicture(shrunk_grey, digits, middles * (shrunk_grey.shape[1] / grey.shape[1]))


def _tilted(sheet: ByteArray, slope: float) -> ByteArray:
    """Let the row (H, W) rise or fall; columns stay where they are."""
    height, width = sheet.shape
    matrix = np.array([[1, 0, 0], [slope, 1, -slope * width / 2]], np.float32)
    return np.asarray(cv2.warpAffine(sheet, matrix, (width, height)))


def _crop(
    rng: np.random.Generator, sheet: ByteArray, height: float, margin: int, has_ends: NDArray[Any]
) -> tuple[slice, slice]:
    """Choose the part of the sheet (H, W) that the picture shows, at times a little too little."""
    rows = np.nonzero((sheet > 127).any(axis=1))[0]
    usual = rng.choice([rng.uniform(0, 0.1), rng.uniform(0.1, 0.3), rng.uniform(0.2, 1)])
    top, bottom, left, right = usual * rng.uniform(0.5, 1.5, 4) * height
    if rng.random() < 0.2:  # cut into the writing
        top, bottom, left, right = np.minimum(
            (top, bottom, left, right), rng.uniform(-0.07, 0.2, 4) * height
        )
    left = max(left, 0.6 * height) if has_ends[0] else left
    right = max(right, rng.uniform(0.2, 1) * height) if has_ends[1] else right
    return (
        slice(max(0, round(rows[0] - top)), round(rows[-1] + 1 + bottom)),
        slice(max(0, round(margin - left)), round(sheet.shape[1] - margin + right)),
    )
