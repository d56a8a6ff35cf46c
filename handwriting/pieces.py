"""Make what is no digit from digits, so that it has the look of a real pen.

Images are (28, 28) uint8 in MNIST's form.
"""

import cv2
import numpy as np

from handwriting.distortion import Random
from pictures.arrays import UInt8Array
from pictures.normalise import boxed, centred

# Turned by a right angle or mirrored, these look like no digit.
TURNABLE, MIRRORABLE, FLIPPABLE = (2, 3, 4, 5, 6, 9), (3, 4, 6, 7, 9), (4,)
SIDE = 28
MUCH = 25  # pixels of ink, a quarter of a digit's


def fitted(image: UInt8Array) -> UInt8Array | None:
    """Scale and move an image (H, W) so that it is in MNIST's form; None if it is empty."""
    if image.max() < 100:
        return None
    return centred(boxed(image.astype(np.float32) / 255))


def turned(image: UInt8Array, label: int, random: Random) -> UInt8Array | None:
    """Turn a digit by a right angle, mirror or flip it, if it is no digit then."""
    ways = [
        *([np.rot90(image), np.rot90(image, 3)] if label in TURNABLE else []),
        *([image[:, ::-1]] if label in MIRRORABLE else []),
        *([image[::-1]] if label in FLIPPABLE else []),
    ]
    return np.ascontiguousarray(ways[int(random.integers(len(ways)))]) if ways else None


def spliced(one: UInt8Array, other: UInt8Array, random: Random) -> UInt8Array | None:
    """Join the upper or left half of a digit to the other half of another one."""
    cut = int(random.integers(11, 17))
    upright = random.random() < 0.6
    one, other = (one, other) if upright else (one.T, other.T)
    joined = np.concatenate([one[:cut], other[cut:]])
    return fitted(joined if upright else joined.T)


def overlaid(one: UInt8Array, other: UInt8Array, random: Random) -> UInt8Array | None:
    """Lay two digits on each other, one of them moved or turned."""
    angle = float(random.choice([0, 0, 90, 180]))
    matrix = np.asarray(cv2.getRotationMatrix2D((13.5, 13.5), angle, 1), np.float64)
    matrix[:, 2] += random.uniform(-6, 6, 2)
    moved = np.asarray(cv2.warpAffine(other, matrix, (SIDE, SIDE)), np.uint8)
    return fitted(np.maximum(one, moved)) if adds(moved, one) and adds(one, moved) else None


def pair(one: UInt8Array, other: UInt8Array, random: Random) -> UInt8Array | None:
    """Push two or three digits together so that they touch, or nearly so, as in a row."""
    digits = [trimmed(one), trimmed(other), trimmed(one)][: 3 if random.random() < 0.15 else 2]
    gap = int(random.integers(-3, 2))
    width = sum(digit.shape[1] for digit in digits) + gap * (len(digits) - 1)
    canvas, left = np.zeros((40, max(width, 8) + 24), np.uint8), 12
    for digit in digits:
        top = int(np.clip(20 - digit.shape[0] // 2 + random.integers(-3, 4), 0, 12))
        part = canvas[top : top + digit.shape[0], left : left + digit.shape[1]]
        np.maximum(part, digit, out=part)
        left += digit.shape[1] + gap
    return fitted(canvas)


def slices(one: UInt8Array, other: UInt8Array, random: Random) -> UInt8Array | None:
    """Cut a row of two digits at wrong places: half of each, or one with a piece of the other."""
    first, second = trimmed(one), trimmed(other)
    kind = int(random.integers(3))
    share = random.uniform(0.35, 0.6)
    if kind == 0:  # half a digit
        width = max(2, round(first.shape[1] * share))
        part = first[:, :width] if random.random() < 0.5 else first[:, -width:]
        return fitted(part) if first.shape[1] > 11 else None
    piece = second[:, : max(2, round(second.shape[1] * share))]
    if (piece > 127).sum() < MUCH:
        return None
    if kind == 1:
        first = first[:, -max(2, round(first.shape[1] * share)) :]
    canvas = np.zeros((28, first.shape[1] + piece.shape[1]), np.uint8)
    canvas[4 : 4 + first.shape[0], : first.shape[1]] = first[:20]
    canvas[4 : 4 + piece.shape[0], first.shape[1] :] = piece[:20]
    return fitted(canvas)


def with_stroke(one: UInt8Array, _: UInt8Array, random: Random) -> UInt8Array | None:
    """Add one or two long strokes to a digit."""
    layer = np.zeros((SIDE, SIDE), np.uint8)
    for _index in range(int(random.integers(1, 3))):
        points = random.uniform(1, 27, (int(random.integers(2, 5)), 2))
        while np.ptp(points, axis=0).max() < 14:
            points = random.uniform(1, 27, points.shape)
        thick = int(random.integers(2, 5))
        cv2.polylines(
            layer, [np.rint(points * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4
        )
    return (
        fitted(np.maximum(one, cv2.GaussianBlur(layer, (0, 0), 0.6))) if adds(layer, one) else None
    )


def adds(image: UInt8Array, to: UInt8Array) -> bool:
    """Return whether an image has much ink that another one has not."""
    near = cv2.dilate(to, np.ones((3, 3), np.uint8))
    return int(((image > 127) & (near < 60)).sum()) >= MUCH


def trimmed(image: UInt8Array) -> UInt8Array:
    """Return the box around the ink of a digit."""
    rows, columns = np.nonzero(image > 60)
    return image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


COMBINED = (spliced, overlaid, pair, slices, with_stroke)
