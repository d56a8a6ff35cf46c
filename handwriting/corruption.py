"""Corrupt 28x28 images as MNIST-C does (Mu and Gilmer 2019, arXiv:1906.02337).

A corrupted digit stays its digit, and what is no digit stays none.
"""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np

from handwriting.distortion import Random
from pictures.arrays import UInt8Array


def striped(image: UInt8Array, random: Random) -> UInt8Array:
    """Invert a vertical stripe."""
    left = int(random.integers(0, 24))
    result = image.copy()
    result[:, left : left + int(random.integers(3, 8))] ^= 255
    return result


def lined(image: UInt8Array, random: Random) -> UInt8Array:
    """Draw a straight or zigzag line across, whole or dotted."""
    start, end = random.uniform(2, 26, (2, 2))
    steps = np.linspace(0, 1, int(random.integers(2, 9)))[:, np.newaxis]
    points = start + (end - start) * steps
    points[1:-1] += random.normal(0, random.choice([0, 1.5]), points[1:-1].shape)
    layer = np.zeros((28, 28), np.uint8)
    pairs = np.rint(points * 16).astype(np.int32)
    gap = 2 if random.random() < 0.4 and len(points) > 3 else 1
    for one, other in list(pairwise(pairs))[::gap]:
        cv2.line(layer, one.tolist(), other.tolist(), 255, 1, cv2.LINE_AA, 4)
    return np.maximum(image, layer)


def speckled(image: UInt8Array, random: Random) -> UInt8Array:
    """Set single pixels to black or white, or add grey noise."""
    if random.random() < 0.5:
        share = random.random(image.shape)
        limit = random.uniform(0.01, 0.08)
        return np.where(share < limit, 0, np.where(share > 1 - limit, 255, image)).astype(np.uint8)
    noise = random.normal(0, random.uniform(10, 50), image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def spattered(image: UInt8Array, random: Random) -> UInt8Array:
    """Add blots."""
    blots = cv2.GaussianBlur(random.normal(0, 1, (28, 28)).astype(np.float32), (0, 0), 1.2)
    level = np.clip((blots / blots.std() - random.uniform(1.7, 2.6)) * 2, 0, 1)
    return np.asarray(np.maximum(image, np.rint(level * 255).astype(np.uint8)))


def outlined(image: UInt8Array, random: Random) -> UInt8Array:
    """Keep the edges alone."""
    return np.asarray(cv2.Canny(image, 80, 200), np.uint8)


def blurred(image: UInt8Array, random: Random) -> UInt8Array:
    """Blur evenly or along a direction."""
    if random.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.6, 1.6)))
    along = np.diag(np.ones(5, np.float32)) / 5
    return np.asarray(cv2.filter2D(image, -1, along if random.random() < 0.5 else along[::-1]))


def fogged(image: UInt8Array, random: Random) -> UInt8Array:
    """Lay a cloud over the image."""
    grid = random.uniform(0, 1, (4, 4)).astype(np.float32)
    cloud = cv2.resize(grid, (28, 28), interpolation=cv2.INTER_CUBIC) * random.uniform(0.2, 0.6)
    level = image / 255 * (1 - cloud) + cloud
    return np.asarray(np.rint(np.clip(level, 0, 1) * 255), np.uint8)


def faded(image: UInt8Array, random: Random) -> UInt8Array:
    """Weaken the ink, evenly."""
    return np.asarray(np.rint(image * random.uniform(0.4, 0.9)), np.uint8)


def moved(image: UInt8Array, random: Random) -> UInt8Array:
    """Move the image by up to 5 pixels."""
    shift = random.integers(-5, 6, 2)
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    return np.asarray(cv2.warpAffine(image, matrix, (28, 28)))


CORRUPTIONS: tuple[Callable[[UInt8Array, Random], UInt8Array], ...] = (
    striped,
    lined,
    lined,
    speckled,
    spattered,
    outlined,
    blurred,
    fogged,
    faded,
    moved,
)


def corrupted(image: UInt8Array, random: Random) -> UInt8Array:
    """Corrupt an image (28, 28) in one way."""
    return CORRUPTIONS[int(random.integers(len(CORRUPTIONS)))](image, random)
