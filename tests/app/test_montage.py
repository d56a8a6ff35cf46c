import io
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from app.montage import as_png, save, steps_row, steps_sheet
from app.reader import Answer, Reading
from pictures.arrays import Levels, UInt8Array
from pictures.box import Box
from pictures.segment import Steps

EMPTY = np.zeros((28, 28), np.float32)
NO_MASK = np.zeros((28, 28), np.bool_)
STEPS = Steps(EMPTY, EMPTY, NO_MASK, NO_MASK, NO_MASK, [], 1, True, [])
PANEL = (196, 172)


def answer(digit: int = 1, none: float = 0, level: int = 0) -> Answer:
    """Return a sure answer of which the image has one level everywhere."""
    image = np.full((28, 28), level, np.uint8)
    return Answer(digit, 0.98, [0.02, 0.98], none, Box(0, 0, 28, 28), image)


def digits(*answers: Answer, reason: str = "", steps: Steps = STEPS) -> Reading:
    return Reading([*answers], "", 0.98, reason, steps, (28, 28))


def named(name: str, grey: Levels = EMPTY) -> Reading:
    """Return a reading of a picture by a model of two classes, which is of the second."""
    steps = STEPS._replace(grey=grey)
    return Reading([answer()], name, 0.98, "", steps, (28, 28), ("other", name))


def tiles(drawing: UInt8Array) -> list[list[UInt8Array]]:
    """Cut a drawing into what each panel has below its name, row by row."""
    height, width = PANEL
    assert drawing.shape[0] % height == drawing.shape[1] % width == 0
    return [
        [
            drawing[top + 26 : top + 194, left + 2 : left + 170]
            for left in range(0, drawing.shape[1], width)
        ]
        for top in range(0, drawing.shape[0], height)
    ]


def levels(drawing: UInt8Array) -> list[list[int]]:
    """Return the one level of each tile, row by row."""
    rows = tiles(drawing)
    for tile in (tile for row in rows for tile in row):
        assert (tile == tile[0, 0]).all()
    return [[int(tile[0, 0]) for tile in row] for row in rows]


def test_a_small_picture_is_enlarged_to_sharp_squares() -> None:
    """One of 4x2 fills the width of its tile, and what it leaves is grey; around it all is white.

    Levels are rounded to the nearest of 256; one outside of 0 to 1 counts as the end.
    """
    grey = np.array([[0, 0.25, 0.5, 1], [-0.1, 1.2, 0.001, 0.003]], np.float32)
    row = steps_row(named("boot", grey))
    expected = np.kron([[0, 64, 128, 255], [0, 255, 0, 1]], np.ones((42, 42)))
    tile = tiles(row)[0][0]
    assert (tile[:84] == expected).all()
    assert (tile[84:] == 128).all()
    panel = row[:, :172].copy()
    panel[:26] = panel[26:194, 2:170] = 255
    assert (panel == 255).all()
    line = tiles(steps_row(named("boot", np.eye(16, dtype=np.float32))))[0][0]
    assert {*line.flat} == {0, 255}  # though 168 is no multiple of 16


def test_a_large_picture_is_shrunk_to_its_mean() -> None:
    """Of 504x336 pixels, three by three become one; no thin line falls between them."""
    for stripe, mean in (([0, 0, 1], 85), ([0, 0.5, 1], 128)):
        stripes = np.tile(np.array(stripe, np.float32), (336, 168))
        tile = tiles(steps_row(named("boot", stripes)))[0][0]
        assert (tile[:112] == mean).all()
        assert (tile[112:] == 128).all()
    whole = np.tile(np.array([0, 1], np.float32), (168, 84))
    assert (tiles(steps_row(named("boot", whole)))[0][0] == 255 * whole).all()


@pytest.mark.parametrize("shape", [(1, 1000), (1000, 1)])
def test_a_line_stays_visible(shape: tuple[int, int]) -> None:
    """However narrow a picture is, it is drawn one pixel wide."""
    tile = tiles(steps_row(named("boot", np.ones(shape, np.float32))))[0][0]
    assert (tile == 255).sum() == 168
    assert tile[0, 0] == 255


def test_the_steps_come_in_their_order() -> None:
    """Each of the five has its own panel, and the digits follow; the sheet has five a row."""
    planes = [np.full((8, 8), share, np.float32) for share in (0.2, 0.4)]
    masks = [np.full((8, 8), value) for value in (True, False, True)]
    steps = Steps(planes[0], planes[1], masks[0], masks[1], masks[2], [], 1, True, [])
    seven = [255, 200, 150, 100, 50, 1, 0]
    found = digits(*(answer(level=level) for level in seven), steps=steps)
    five = [51, 102, 255, 0, 255]
    assert levels(steps_row(found)) == [five + seven]
    white = [255] * 3
    assert levels(steps_sheet(found)) == [five, seven[:5], seven[5:] + white]
    assert levels(steps_sheet(found._replace(answers=[]))) == [five]
    both = levels(steps_row(named("boot", planes[0])))
    assert both == levels(steps_sheet(named("boot", planes[0]))) == [[51, 0]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Give a list that receives each name that is drawn, and the size of its letters."""
    drawn: list[tuple[str, float]] = []
    draw = ImageDraw.ImageDraw.text

    def text(
        self: ImageDraw.ImageDraw, place: Any, name: str, ink: int, font: Any, anchor: str
    ) -> None:
        drawn.append((name, font.size))
        draw(self, place, name, ink, font, anchor)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    return drawn


STEP_NAMES = ["grey levels", "ink", "mask", "without frames", "components"]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (digits(answer(4), answer(2, 0.9)), [*STEP_NAMES, "4 (98.0 %)", "2 (98.0 %)"]),
        (
            digits(answer(4, 0.9), answer(2, 0.5), reason="a letter"),
            [*STEP_NAMES, "no digit (90.0 %)", "2 (98.0 %)"],
        ),
        (named("boot"), ["grey levels", "boot (98.0 %)"]),
    ],
)
def test_each_panel_has_its_name(
    names: list[tuple[str, float]], reading: Reading, expected: list[str]
) -> None:
    """A step says what it is; an image, what it was read as and how surely.

    If the picture is rejected, what is rather no digit is called so.
    """
    steps_row(reading)
    assert [name for name, _ in names] == expected


def inked(strip: UInt8Array) -> tuple[int, int, int, int]:
    """Return the first and the last row and column that have something dark."""
    rows, columns = np.nonzero(strip < 128)
    return rows.min(), rows.max(), columns.min(), columns.max()


def test_a_name_is_in_the_middle_above_its_image() -> None:
    """Its letters are black, and have the same room on both sides, and above and below."""
    for name in ("H", "boot", "a bag"):
        strip = steps_row(named(name))[:26, 172:]
        assert strip.min() == 0
        rows, columns = np.nonzero(strip < 128)
        assert abs(columns.min() - (171 - columns.max())) <= 2
        assert abs(rows.min() - (27 - rows.max())) <= 4


def test_a_name_is_as_large_as_its_tile_allows(names: list[tuple[str, float]]) -> None:
    """It has the first size from 16 down to 8 at which it is at most 168 pixels wide."""
    just_168_wide = "s" * 8 + "a" * 5
    for name in ("boot", just_168_wide, *("a" * count for count in range(12, 19)), "a" * 40):
        steps_row(named(name))
        text, size = names[-1]
        widths = {each: ImageFont.load_default(each).getlength(text) for each in range(8, 17)}
        assert size == max((each for each in widths if widths[each] <= 168), default=8)


@pytest.mark.parametrize(
    "name",
    [
        "boot",
        "T-shirt/top, long sleeve",
        "an ankle boot of leather",
        "a sneaker with a rather long name",
    ],
)
def test_the_name_of_a_class_is_not_cut_off(name: str) -> None:
    """The first and the last letter of a long name are inside of its panel, 172 pixels wide."""
    row = steps_row(named(name))
    assert row.shape == (196, 2 * 172)
    strip = row[:24, 172:]  # above the second panel's image
    assert (strip[:, 2:-2] < 128).any()
    assert (strip[:, [0, 1, -2, -1]] == 255).all()


ROWS = [np.full((2, 3), 7, np.uint8), np.full((1, 5), 9, np.uint8)]
STACKED = [[7, 7, 7, 255, 255], [7, 7, 7, 255, 255], [9, 9, 9, 9, 9]]


def levels_of(file: Path | io.BytesIO) -> list[list[int]]:
    with Image.open(file) as picture:
        assert picture.format == "PNG"
        found: list[list[int]] = np.asarray(picture).tolist()
        return found


def test_a_picture_becomes_the_content_of_a_png() -> None:
    """It has each pixel as it was."""
    assert levels_of(io.BytesIO(as_png(ROWS[0]))) == [[7, 7, 7]] * 2


def test_rows_are_saved_below_each_other(tmp_path: Path) -> None:
    """A shorter one has white at its end; what was in the file before is gone, and all may read."""
    path = tmp_path / "steps.png"
    path.write_bytes(b"before")
    save(ROWS, path)
    assert levels_of(path) == STACKED
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [*tmp_path.iterdir()] == [path]


def test_a_picture_is_whole_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written beside the old one, under a name of its own; if that fails, nothing is left."""
    path = tmp_path / "steps.png"
    path.write_bytes(b"before")

    def fail(temporary: Path, target: Path) -> None:
        assert (temporary.parent, temporary.suffix, target) == (tmp_path, ".tmp", path)
        assert levels_of(temporary) == STACKED
        raise OSError

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match=r"\A\Z"):
        save(ROWS, path)
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_bytes() == b"before"
