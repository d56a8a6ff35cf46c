"""Draw contact sheets of the pictures that were misread, each with what was found in it."""

import io
import re
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchmarks.readings import Result

MOST = 60  # failures of one kind on a sheet
TILE = (170, 140)  # pixels, with the text
TEXT_HEIGHT = 28
COLUMNS = 10


def caption(result: Result) -> str:
    """Say in two lines what was expected and what was found."""
    expected = "".join(map(str, result.sample.labels)) or "no digit"
    found = "".join(map(str, result.digits))
    if found:
        return f"{expected}\nfound {found} ({100 * result.confidence:.0f} %)"
    return f"{expected}\n{result.reason}"


def save_failures(results: list[Result], folder: Path, title: str) -> None:
    """Save the first failures among the results as a PNG picture in a folder, if there are any."""
    wrong = [result for result in results if not result.is_right][:MOST]
    if not wrong:
        return
    columns = min(COLUMNS, len(wrong))
    size = columns * TILE[0], -(-len(wrong) // columns) * TILE[1]
    sheet = Image.new("RGB", size, "slategrey")
    for index, result in enumerate(wrong):
        sheet.paste(_tile(result), (index % columns * TILE[0], index // columns * TILE[1]))
    folder.mkdir(parents=True, exist_ok=True)
    sheet.save(folder / f"{re.sub('[^0-9A-Za-z]+', '-', title)}.png")


def _tile(result: Result) -> Image.Image:
    """Draw a picture, scaled to fit, above its caption."""
    tile = Image.new("RGB", (TILE[0] - 2, TILE[1] - 2), "lightgrey")
    picture = Image.open(io.BytesIO(result.sample.content)).convert("RGB")
    factor = min(tile.width / picture.width, (tile.height - TEXT_HEIGHT) / picture.height)
    size = max(1, int(picture.width * factor)), max(1, int(picture.height * factor))
    tile.paste(picture.resize(size), ((tile.width - size[0]) // 2, 0))
    top = tile.height - TEXT_HEIGHT
    ImageDraw.Draw(tile).text((3, top), caption(result), "black", ImageFont.load_default(10))
    return tile
