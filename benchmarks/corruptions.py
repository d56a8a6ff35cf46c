"""Corrupt 28x28 images in the manner of MNIST-C (Mu and Gilmer 2019, arXiv:1906.02337).

Each kind is a function that takes a digit, (28, 28) uint8 with 0 for background, and a random
generator, and returns a PNG file of 28x28 pixels, white on black.
"""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np

from benchmarks.paper import png
from benchmarks.strokes import Random
from pictures.arrays import Levels, UInt8Array

Corruption = Callable[[Levels, Random], Levels]


def impulse_noise(image: Levels, random: Random) -> Levels:
    chance = random.random(image.shape)
    return np.where(chance < 0.17, random.integers(0, 2, image.shape), image)


def shot_noise(image: Levels, random: Random) -> Levels:
    return np.asarray(random.poisson(image * 5) / 5)


def glass_blur(image: Levels, random: Random) -> Levels:
    image = cv2.GaussianBlur(image, (0, 0), 0.7)
    y, x = np.mgrid[:28, :28]
    rows, columns = (np.clip(v + random.integers(-1, 2, (28, 28)), 0, 27) for v in (y, x))
    return np.asarray(cv2.GaussianBlur(image[rows, columns], (0, 0), 0.7))


def motion_blur(image: Levels, random: Random) -> Levels:
    matrix = cv2.getRotationMatrix2D((4, 4), random.uniform(-45, 45), 1)
    line = np.zeros((9, 9), np.float32)
    line[4, 1:7] = 1
    kernel = cv2.warpAffine(line, matrix, (9, 9))
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()))


def _moved(image: Levels, matrix: list[list[float]], shift: tuple[float, float]) -> Levels:
    """Apply a matrix about the centre of an image, then a shift in pixels (x, y)."""
    linear = np.array(matrix)
    offset = np.array([13.5, 13.5]) - linear @ [13.5, 13.5] + shift
    return np.asarray(cv2.warpAffine(image, np.column_stack([linear, offset]), (28, 28)))


def shear(image: Levels, random: Random) -> Levels:
    return _moved(image, [[1, 0.4 * random.choice([-1, 1])], [0, 1]], (0, 0))


def scale(image: Levels, random: Random) -> Levels:
    x, y = random.uniform(0.6, 0.75, 2)
    return _moved(image, [[float(x), 0], [0, float(y)]], (0, 0))


def rotate(image: Levels, random: Random) -> Levels:
    angle = 0.4 * random.choice([-1, 1])
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    return _moved(image, [[cosine, -sine], [sine, cosine]], (0, 0))


def translate(image: Levels, random: Random) -> Levels:
    x, y = random.choice([-3, 3], 2).tolist()
    return _moved(image, [[1, 0], [0, 1]], (x, y))


def brightness(image: Levels, random: Random) -> Levels:
    return image + random.uniform(0.3, 0.5)


def stripe(image: Levels, random: Random) -> Levels:
    """Invert a vertical band."""
    image, left = image.copy(), int(random.integers(5, 16))
    image[:, left : left + 7] = 1 - image[:, left : left + 7]
    return image


def _clouds(random: Random) -> Levels:
    """Return smooth noise (28, 28) of several scales, 0 to 1."""
    noise = [
        cv2.resize(random.normal(0, 1, (n, n)).astype(np.float32), (28, 28)) * 2 / n
        for n in (2, 4, 8, 16)
    ]
    clouds = np.sum(noise, axis=0)
    return np.asarray((clouds - clouds.min()) / np.ptp(clouds))


def fog(image: Levels, random: Random) -> Levels:
    return np.asarray((image + 1.2 * _clouds(random)) / 2)


def spatter(image: Levels, random: Random) -> Levels:
    drops = cv2.GaussianBlur(random.normal(0, 1, (28, 28)).astype(np.float32), (0, 0), 1)
    drops = np.clip(6 * (drops / drops.std() - 1.9), 0, 1)
    return np.asarray(np.maximum(image, 0.85 * drops))


def _line(image: Levels, points: list[tuple[float, float]], dashes: int) -> Levels:
    """Draw through points (x, y), each piece as `dashes` dashes, or whole if that is 0."""
    canvas = np.zeros((28, 28), np.uint8)
    for start, end in pairwise(points):
        ends = np.linspace(start, end, 2 * dashes or 2)
        for one, other in zip(ends[::2], ends[1::2], strict=True):
            first, last = ((int(x), int(y)) for x, y in np.rint(np.array([one, other])))
            cv2.line(canvas, first, last, 255, 1, cv2.LINE_AA)
    return np.maximum(image, canvas / np.float32(255))


def dotted_line(image: Levels, random: Random) -> Levels:
    left, right = random.uniform(4, 24, 2).tolist()
    return _line(image, [(0, left), (27, right)], 7)


def zigzag(image: Levels, random: Random) -> Levels:
    level, swing = random.uniform(8, 20), random.uniform(2, 4)
    points = [(x, level + swing * (-1) ** index) for index, x in enumerate(np.linspace(0, 27, 8))]
    return _line(image, points, 0)


def canny_edges(image: Levels, _: Random) -> Levels:
    edges = cv2.Canny(np.rint(image * 255).astype(np.uint8), 100, 200)
    return np.asarray(edges / 255)


CORRUPTIONS: dict[str, Corruption] = {
    "impulse noise": impulse_noise,
    "shot noise": shot_noise,
    "glass blur": glass_blur,
    "motion blur": motion_blur,
    "shear": shear,
    "scale": scale,
    "rotate": rotate,
    "translate": translate,
    "brightness": brightness,
    "stripe": stripe,
    "fog": fog,
    "spatter": spatter,
    "dotted line": dotted_line,
    "zigzag": zigzag,
    "Canny edges": canny_edges,
}


def _maker(corrupt: Corruption) -> Callable[[UInt8Array, Random], bytes]:
    def make(digit: UInt8Array, random: Random) -> bytes:
        image = corrupt(digit.astype(np.float32) / 255, random)
        return png(np.repeat(image[..., np.newaxis], 3, axis=2))

    return make


KINDS = {name: _maker(corrupt) for name, corrupt in CORRUPTIONS.items()}
