"""The steps from a picture to what the model saw, side by side in one picture."""

import numpy as np
from PIL import Image

from app.image import Bytes
from app.ink import Levels
from app.reader import Reading

TILE = 168  # pixels, six for each of the 28


def steps_row(reading: Reading) -> Bytes:
    """Return (168, W): grey levels, ink, mask, strokes, then each digit as the model saw it."""
    steps = reading.steps
    tiles = [_tile(step.astype(np.float32)) for step in steps[:4]]
    tiles += [_tile(digit.image / np.float32(255)) for digit in steps.digits]
    return np.hstack([np.pad(tile, 2, constant_values=128) for tile in tiles])


def stacked(rows: list[Bytes]) -> Image.Image:
    """Put rows of different widths below each other, and return the picture."""
    width = max(row.shape[1] for row in rows)
    return Image.fromarray(
        np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]))) for row in rows])
    )


def _tile(levels: Levels) -> Bytes:
    picture = Image.fromarray(np.rint(np.clip(levels, 0, 1) * 255).astype(np.uint8))
    enlarge = max(picture.size) < TILE
    factor = TILE / max(picture.size)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    tile = np.zeros((TILE, TILE), np.uint8)
    scaled = picture.resize(size, Image.Resampling.NEAREST if enlarge else Image.Resampling.BOX)
    tile[: size[1], : size[0]] = np.asarray(scaled)
    return tile
