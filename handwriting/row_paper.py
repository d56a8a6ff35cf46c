"""Turn ink on a sheet into the grey levels of a picture: paper, prints, blur, pixels, JPEG."""

import cv2
import numpy as np

from handwriting.row_digits import FloatArray


def photographed(rng: np.random.Generator, ink: FloatArray) -> FloatArray:
    """Return grey levels (H, W), 0 to 1, of ink (H, W) on random paper."""
    if rng.random() < 0.25:
        return 1 - ink * np.float32(rng.uniform(0.6, 1))  # as drawn by a program
    ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.2, 0.9)), np.float32)
    paper = np.full(ink.shape, rng.uniform(0.5, 1), np.float32)
    if rng.random() < 0.5:
        paper *= _light(rng, ink.shape)
    kind = rng.random()
    if kind < 0.55:
        paper *= 1 - rng.uniform(0.03, 0.35) * _guilloche(rng, ink.shape)
    elif kind < 0.65:
        paper *= 1 - rng.uniform(0.03, 0.3) * _screen(rng, ink.shape)
    strength = rng.uniform(0.45, 0.95)
    if rng.random() < 0.3:  # a pen that does not write evenly
        ink = ink * (1 - rng.uniform(0.1, 0.5) * _clouds(rng, ink.shape, 4))
    grey = paper * (1 - strength * ink)
    grey = grey + rng.normal(0, rng.uniform(0, 0.035), ink.shape).astype(np.float32)
    if rng.random() < 0.4:
        grey = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.3, 1.0))
    pixels = np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.4:
        quality = int(rng.integers(25, 95))
        _, content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        pixels = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)
    return np.asarray(pixels, np.float32) / np.float32(255)


def _light(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Return light that changes along the sheet, 0.7 to 1."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    slope = rng.uniform(-1, 1, 2)
    plane = slope[0] * y / shape[0] + slope[1] * x / shape[1]
    return np.asarray(1 - 0.15 * (plane - plane.min()), np.float32)


def _clouds(rng: np.random.Generator, shape: tuple[int, int], size: int) -> FloatArray:
    """Return smooth noise, 0 to 1, with spots of about `size` pixels."""
    small = rng.random((shape[0] // size + 2, shape[1] // size + 2), np.float32)
    return np.asarray(cv2.resize(small, shape[::-1], interpolation=cv2.INTER_LINEAR))


def _guilloche(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Return fine wavy lines, as banks print them on cheques: 0 is none, 1 a line."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    pattern = np.zeros(shape, np.float32)
    for _ in range(rng.integers(1, 4)):
        angle = rng.normal(0, 0.5) + (np.pi / 2 if rng.random() < 0.2 else 0)
        along = x * np.cos(angle) + y * np.sin(angle)
        across = y * np.cos(angle) - x * np.sin(angle)
        spacing = rng.uniform(2.5, 9)
        amplitude, period = rng.uniform(0, 8), rng.uniform(20, 120)
        fan = 1 + rng.uniform(-0.003, 0.003) * along  # lines that spread
        wave = amplitude * np.sin(2 * np.pi * along / period + rng.uniform(0, 6))
        phase = 2 * np.pi * (across * fan + wave) / spacing
        line = np.clip(np.cos(phase) * rng.uniform(1, 3) - rng.uniform(0, 1.2), 0, 1)
        np.maximum(pattern, line, out=pattern)
    if rng.random() < 0.5:  # printed more strongly here than there
        pattern *= _clouds(rng, shape, int(rng.integers(10, 60)))
    return pattern


def _screen(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Return a grid of printed points: 0 is none, 1 a point."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    pitch = rng.uniform(2.5, 7)
    waves = np.cos(2 * np.pi * (x + y) / pitch) + np.cos(2 * np.pi * (x - y) / pitch)
    return np.asarray(np.clip(waves - rng.uniform(0, 1), 0, 1), np.float32)
