"""Draw the steps from a picture to the model's input, side by side, each with its name above it."""

import io
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.classes import DIGITS
from app.outcome import as_percent
from app.reader import Answer, Reading
from pictures.arrays import Levels, UInt8Array

TILE_SIDE = 168  # pixels, six for each of the model's 28
NAME_HEIGHT, FONT_SIZE = 24, 16  # pixels
MIN_FONT_SIZE = 8  # of a name that is too long for its tile
GAP = 2  # pixels around a tile and its name
AROUND = 128  # the level around a picture that does not fill its tile


def steps_row(reading: Reading) -> UInt8Array:
    """Draw one reading as (196, W): the steps that `Steps` has, then each 28x28 image."""
    return np.hstack(_step_panels(reading) + _digit_panels(reading))


def steps_sheet(reading: Reading) -> UInt8Array:
    """Draw one reading as (H, 860): the steps, and below them the 28x28 images in rows of five.

    Of other classes than the digits there is one step and one image, side by side.
    """
    if reading.classes != DIGITS:
        return steps_row(reading)
    steps, digits = _step_panels(reading), _digit_panels(reading)
    rows = [digits[start : start + len(steps)] for start in range(0, len(digits), len(steps))]
    return _stacked([np.hstack(row) for row in (steps, *rows)])


def as_png(picture: UInt8Array) -> bytes:
    """Return a picture (H, W) as the content of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def save(rows: list[UInt8Array], path: Path) -> None:
    """Write rows of different widths as one picture, the first at the top, whole or not at all."""
    with NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(as_png(_stacked(rows)))
            file.close()
            temporary.chmod(0o644)  # a temporary file is for its owner alone
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _stacked(rows: list[UInt8Array]) -> UInt8Array:
    width = max(row.shape[1] for row in rows)
    return np.vstack(
        [np.pad(row, ((0, 0), (0, width - row.shape[1])), constant_values=255) for row in rows]
    )


def _step_panels(reading: Reading) -> list[UInt8Array]:
    steps = reading.steps
    if reading.classes != DIGITS:  # the whole picture goes to the model
        return [_panel("grey levels", steps.grey)]
    return [
        _panel("grey levels", steps.grey),
        _panel("ink", steps.ink),
        _panel("mask", steps.mask),
        _panel("without frames", steps.writing),
        _panel("components", steps.components),
    ]


def _digit_panels(reading: Reading) -> list[UInt8Array]:
    return [
        _panel(_name(answer, reading), answer.image / np.float32(255)) for answer in reading.answers
    ]


def _name(answer: Answer, reading: Reading) -> str:
    """Say what a digit was read as, and how likely that is."""
    if reading.reason and answer.none > 0.5:
        return f"no digit ({as_percent(answer.none)})"
    return f"{reading.classes[answer.digit]} ({as_percent(answer.confidence)})"


def _panel(name: str, levels: Levels) -> UInt8Array:
    """Draw levels (H, W), 0 to 1, with a name above them: (196, 172), black on white."""
    sides = (TILE_SIDE + 2 * GAP, NAME_HEIGHT + TILE_SIDE + 2 * GAP)
    panel = Image.new("L", sides, 255)
    middle = (sides[0] // 2, GAP + NAME_HEIGHT // 2)
    # A smaller font is not narrower in proportion, as each letter takes whole pixels.
    sizes = range(FONT_SIZE, MIN_FONT_SIZE, -1)
    fitting = (size for size in sizes if ImageFont.load_default(size).getlength(name) <= TILE_SIDE)
    font = ImageFont.load_default(next(fitting, MIN_FONT_SIZE))
    ImageDraw.Draw(panel).text(middle, name, 0, font, anchor="mm")
    panel.paste(_tile(levels), (GAP, GAP + NAME_HEIGHT))
    return np.asarray(panel)


def _tile(levels: Levels) -> Image.Image:
    """Scale levels (H, W) to fit a tile of 168x168 pixels."""
    whole = np.rint(np.clip(levels.astype(np.float32), 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(whole)
    factor = TILE_SIDE / max(picture.size)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    tile = Image.new("L", (TILE_SIDE, TILE_SIDE), AROUND)
    tile.paste(picture.resize(size, Image.Resampling.BOX))  # enlarged pixels stay sharp squares
    return tile
