"""Draw the steps from a picture to the model's input, side by side."""

from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from PIL import Image

from app.arrays import Levels, UInt8Array
from app.reader import Reading

TILE_SIDE = 168  # pixels, six for each of the model's 28


def steps_row(reading: Reading) -> UInt8Array:
    """Draw one reading as (172, W): grey levels, ink, mask, components, then each 28x28 image."""
    steps = reading.steps
    levels = (steps.grey, steps.ink, steps.mask, steps.components)
    tiles = [_tile(step.astype(np.float32)) for step in levels]
    tiles += [_tile(digit.image / np.float32(255)) for digit in steps.digits]
    return np.hstack([np.pad(tile, 2, constant_values=128) for tile in tiles])


def save(rows: list[UInt8Array], path: Path) -> None:
    """Write rows of different widths as one picture, the first at the top, whole or not at all."""
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]))) for row in rows]
    with NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
        temporary = Path(file.name)
        try:
            Image.fromarray(np.vstack(padded)).save(file, "PNG")
            file.close()
            temporary.chmod(0o644)  # a temporary file is for its owner alone
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _tile(levels: Levels) -> UInt8Array:
    """Scale levels (H, W) to fit a tile of 168x168 pixels."""
    picture = Image.fromarray(np.rint(np.clip(levels, 0, 1) * 255).astype(np.uint8))
    enlarge = max(picture.size) < TILE_SIDE
    factor = TILE_SIDE / max(picture.size)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    tile = np.zeros((TILE_SIDE, TILE_SIDE), np.uint8)
    scaled = picture.resize(size, Image.Resampling.NEAREST if enlarge else Image.Resampling.BOX)
    tile[: size[1], : size[0]] = np.asarray(scaled)
    return tile
