"""Bring made ink to 28x28 images by the steps that the reader takes, and as data sets do.

Ink is (96, 96) float32 from 0 (paper) to 1. The reader's steps are those of pictures.segment,
without its rejections: what is drawn here is one character.
"""

import cv2
import numpy as np

from handwriting.distortion import CANVAS, Random, ink_box
from pictures.arrays import Levels, UInt8Array
from pictures.components import find_components
from pictures.ink import flattened, ink_mask, ink_threshold, paper_noise
from pictures.normalise import boxed, centred, normalised

MARGIN = 16  # pixels of paper around the drawing
FRAMED = 0.04  # the share with a piece of a frame
# The share of each kind of wear.
WEAR = {"clean": 0.35, "blurred": 0.15, "small": 0.2, "noisy": 0.1, "chalk": 0.1, "jpeg": 0.1}
SMALL = (18, 40)  # pixels, the side of small pictures


def as_image(ink: Levels, random: Random) -> UInt8Array | None:
    """Return ink as a 28x28 image, read from a made picture or softened; None if nothing is left.

    A quarter is softened: grey strokes of any width, as the images of MNIST have them. A few have a
    piece of a frame beside them.
    """
    if random.random() < FRAMED:
        ink = framed(ink, random)
    return softened(ink, random) if random.random() < 0.25 else read(worn(ink, random))


def framed(ink: Levels, random: Random) -> Levels:
    """Draw a short line along a side of the ink, what is left of the frame of a form's cell."""
    top, bottom, left, right = ink_box(ink)
    gap, width = int(random.integers(2, 12)), int(random.integers(1, 5))
    length = random.uniform(0.15, 0.45) * CANVAS
    start = round(random.uniform(0, CANVAS - length))
    end, upright = round(start + length), random.random() < 0.5
    sides = (left - gap, right + gap) if upright else (top - gap, bottom + gap)
    at = sides[int(random.integers(2))]
    line = ((at, start), (at, end)) if upright else ((start, at), (end, at))
    canvas = np.ascontiguousarray(ink, np.float32)
    return np.asarray(cv2.line(canvas.copy(), *line, 1, width))


def softened(ink: Levels, random: Random) -> UInt8Array | None:
    """Blur ink and fit it to the box, as data sets were made from scans."""
    soft = cv2.GaussianBlur(ink, (0, 0), random.uniform(0.6, 2.4))
    if soft.max() < 0.3:
        return None
    return centred(boxed(np.clip(soft / np.percentile(soft[soft > 0.25], 90), 0, 1)))


def read(grey: Levels) -> UInt8Array | None:
    """Return the image of what is dark in grey levels (H, W), None if it is nothing."""
    ink = flattened(grey, dark_on_light=True)
    threshold = ink_threshold(ink)
    if threshold is None:
        return None
    components = find_components(ink_mask(ink, threshold))
    own = np.isin(components.labels, list(components.boxes))
    return normalised(ink, own, paper_noise(ink)[0]) if own.any() else None


def worn(ink: Levels, random: Random) -> Levels:
    """Return grey levels (H, W) of ink on paper, as a screen, a scanner or a phone shows it."""
    kind = random.choice(list(WEAR), p=list(WEAR.values()))
    ink = np.pad(ink, MARGIN)
    if kind == "chalk":
        crumbs = cv2.GaussianBlur(random.normal(0, 1, ink.shape).astype(np.float32), (0, 0), 1)
        ink = ink * np.clip(0.75 + 0.35 * crumbs / crumbs.std(), 0, 1)
    grey: Levels = 0.95 - random.uniform(0.5, 0.9) * ink
    if kind == "blurred":
        grey = cv2.GaussianBlur(grey, (0, 0), random.uniform(0.8, 2.6))
    if kind == "small":
        side = int(random.integers(*SMALL))
        small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
        grey = cv2.resize(small, ink.shape[::-1], interpolation=cv2.INTER_CUBIC)
    if kind == "noisy":
        grey = cv2.GaussianBlur(grey, (0, 0), random.uniform(0.5, 1.5))
        grey = grey + random.normal(0, random.uniform(0.01, 0.06), grey.shape)
    if kind == "jpeg":
        grey = compressed(grey, int(random.integers(15, 60)))
    return np.asarray(np.clip(grey, 0, 1), np.float32)


def compressed(grey: Levels, quality: int) -> Levels:
    """Return grey levels after JPEG compression."""
    levels = np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)
    _, content = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), np.float32) / 255


def enlarged(image: UInt8Array) -> Levels:
    """Enlarge an image (28, 28) to soft ink (96, 96)."""
    larger = cv2.resize(image, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
    return np.asarray(larger, np.float32) / 255
