"""Put drawings on paper: colours, printed squares, shadows, a camera's noise; and picture files.

A sheet is levels (H, W, 3) float32, 0 is black and 1 white.
"""

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.strokes import Random
from pictures.arrays import Levels

BLACK, WHITE = (0.1, 0.1, 0.1), (0.96, 0.96, 0.94)
BLUE, RED, GREEN, ORANGE = (0.13, 0.2, 0.62), (0.8, 0.1, 0.15), (0.1, 0.5, 0.2), (0.95, 0.55, 0.1)


def on_paper(
    coverage: Levels, ink: tuple[float, ...], paper: tuple[float, ...], strength: float = 1
) -> Levels:
    """Colour the ink and the paper of a drawing (H, W); return levels (H, W, 3)."""
    return inked(np.ones((1, 1, 3), np.float32) * np.array(paper), coverage * strength, ink)


def inked(sheet: Levels, coverage: Levels, ink: tuple[float, ...]) -> Levels:
    """Cover a sheet (H, W, 3) with ink (H, W) of one colour."""
    share = coverage[..., np.newaxis]
    return np.asarray(share * np.array(ink) + (1 - share) * sheet, np.float32)


def squared(sheet: Levels, random: Random, spacing: int, strength: float) -> Levels:
    """Print squares on a sheet (H, W, 3), light blue or grey and slightly rotated."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = np.deg2rad(random.uniform(-2.5, 2.5))
    along = x * np.cos(angle) + y * np.sin(angle) + random.uniform(0, spacing)
    down = y * np.cos(angle) - x * np.sin(angle) + random.uniform(0, spacing)
    half = max(0.6, spacing / 40)
    nearest = np.minimum(
        *(np.abs((v + spacing / 2) % spacing - spacing / 2) for v in (along, down))
    )
    lines = np.clip(half + 0.5 - nearest, 0, 1)[..., np.newaxis] * strength
    colour = np.array([(0.45, 0.6, 0.85), (0.5, 0.5, 0.5)][int(random.integers(2))])
    return np.asarray(sheet * (1 - lines * (1 - colour)), np.float32)


def shadowed(sheet: Levels, random: Random, depth: float) -> Levels:
    """Cast a shadow with a soft edge across a sheet; its light also fades to one side."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    angle = random.uniform(0, 2 * np.pi)
    position = x * np.cos(angle) + y * np.sin(angle)
    position = (position - position.min()) / np.ptp(position)
    fading = 1 - 0.3 * position
    edge = 1 / (1 + np.exp((random.uniform(0.3, 0.7) - position) / random.uniform(0.01, 0.06)))
    return np.asarray(sheet * (fading * (1 - depth * edge))[..., np.newaxis], np.float32)


def photographed(sheet: Levels, random: Random, noise: float = 0.02, blur: float = 0.8) -> Levels:
    """Add the texture of paper, the blur of a lens and the noise of a sensor."""
    height, width = sheet.shape[:2]
    texture = cv2.GaussianBlur(random.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 2)
    sheet = sheet * (1 + 0.03 * texture / texture.std())[..., np.newaxis]
    sheet = cv2.GaussianBlur(sheet, (0, 0), blur)
    return (sheet + random.normal(0, noise, sheet.shape)).astype(np.float32)


def tint(random: Random) -> tuple[float, float, float]:
    """Choose white or slightly coloured paper."""
    red, green, blue = 0.97 - random.uniform(0, 0.22, 3) * random.integers(2)
    return float(red), float(green), float(blue)


def lit(sheet: Levels, random: Random, depth: float) -> Levels:
    """Let the light of a sheet (H, W, 3) fade evenly by `depth` towards a random side."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    angle = random.uniform(0, 2 * np.pi)
    position = x * np.cos(angle) + y * np.sin(angle)
    position = (position - position.min()) / np.ptp(position)
    return np.asarray(sheet * (1 - depth * position)[..., np.newaxis], np.float32)


def png(sheet: Levels) -> bytes:
    """Encode levels (H, W, 3) as a PNG file."""
    return _encoded(sheet, format="PNG", compress_level=1)


def jpeg(sheet: Levels, quality: int = 85) -> bytes:
    """Encode levels (H, W, 3) as a JPEG file."""
    return _encoded(sheet, format="JPEG", quality=quality)


def _encoded(sheet: Levels, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.rint(np.clip(sheet, 0, 1) * 255).astype(np.uint8)).save(buffer, **options)
    return buffer.getvalue()
