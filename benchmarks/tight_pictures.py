"""Make pictures that are cropped at the digit's ink, or even cut some of it off.

Each kind of picture is a function that takes a digit, (28, 28) uint8 with 0 for background, and a
random generator, and returns the content of a picture file.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from benchmarks.paper import BLACK, BLUE, RED, WHITE, jpeg, lit, on_paper, photographed, png
from benchmarks.strokes import Random, tight_strokes
from pictures.arrays import Levels, UInt8Array

MAX_STRETCH = 2.2  # beyond this a one is a blot


def _small(
    digit: UInt8Array, random: Random, side: int, is_stretched: bool, is_white: bool
) -> bytes:
    """Scale a crop to a square of `side` pixels, in grey levels or, as often, in black and white.

    Args:
        digit: (28, 28).
        random: the generator.
        side: of the picture, in pixels.
        is_stretched: whether the crop is made as wide as high, but for a one; else its
            proportions are kept.
        is_white: whether the digit is white on black; else it is black on white.
    """
    ink = tight_strokes(digit, 160)
    if is_stretched:
        wider = min(MAX_STRETCH * ink.shape[1], ink.shape[0])
        ink = cv2.resize(ink, (round(wider), ink.shape[0]))
    ink = _in_square(ink)
    ink = np.clip(cv2.resize(ink, (side, side), interpolation=cv2.INTER_AREA), 0, 1)
    if random.integers(2):
        ink = (ink > 0.5).astype(np.float32)
    return png(np.repeat((ink if is_white else 1 - ink)[..., np.newaxis], 3, axis=2))


def _in_square(ink: Levels) -> Levels:
    """Centre ink (h, w) in the smallest square of background that holds it."""
    side = max(ink.shape)
    (top, bottom), (left, right) = (((side - n) // 2, (side - n + 1) // 2) for n in ink.shape)
    return np.pad(ink, ((top, bottom), (left, right)))


def _crop(digit: UInt8Array, random: Random) -> Levels:
    """Return a digit's ink, cropped to its box, 60 to 200 pixels high."""
    return tight_strokes(digit, int(random.integers(60, 200)))


def no_margin(digit: UInt8Array, random: Random) -> bytes:
    return png(on_paper(_crop(digit, random), BLACK, WHITE))


def no_margin_white(digit: UInt8Array, random: Random) -> bytes:
    return png(on_paper(_crop(digit, random), WHITE, BLACK))


def small_margin(digit: UInt8Array, random: Random) -> bytes:
    margins = [tuple(pair) for pair in random.integers(1, 3, (2, 2)).tolist()]
    return png(on_paper(np.pad(_crop(digit, random), margins), BLACK, WHITE))


def cut(digit: UInt8Array, random: Random) -> bytes:
    """Up to 4 % of the height is missing at each side, about half a stroke's width at most."""
    ink = _crop(digit, random)
    top, bottom, left, right = (round(share * ink.shape[0]) for share in random.uniform(0, 0.04, 4))
    ink = ink[top : ink.shape[0] - bottom]
    if ink.shape[1] > 0.4 * ink.shape[0]:  # a one is a stroke that would be lost
        ink = ink[:, left : ink.shape[1] - right]
    return png(on_paper(ink, BLACK, WHITE))


def tinted(digit: UInt8Array, random: Random) -> bytes:
    paper = tuple(random.uniform(0.65, 0.97, 3).tolist())
    return png(on_paper(_crop(digit, random), (BLACK, BLUE, RED)[random.integers(3)], paper))


def uneven_light(digit: UInt8Array, random: Random) -> bytes:
    sheet = on_paper(_crop(digit, random), BLACK, WHITE, strength=random.uniform(0.75, 1))
    return jpeg(photographed(lit(sheet, random, random.uniform(0.2, 0.5)), random))


KINDS: dict[str, Callable[[UInt8Array, Random], bytes]] = {
    f"{side}x{side}, {shape}, {colours}": partial(
        _small, side=side, is_stretched=shape == "stretched", is_white=colours == "white on black"
    )
    for side in (16, 32)
    for shape in ("stretched", "proportions kept")
    for colours in ("black on white", "white on black")
} | {
    "no margin": no_margin,
    "no margin, white on black": no_margin_white,
    "margin of 1 to 2 px": small_margin,
    "cut by up to 4 %": cut,
    "no margin, tinted paper": tinted,
    "no margin, uneven light": uneven_light,
}
