"""Each picture that the project draws is the stored one, and a wrong one is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from PIL import ImageFont

from pictures.arrays import UInt8Array
from stages.shared.files import write_figure
from tests.seen.comparison import TOLERANCE, load, store, unlike
from tests.seen.drawings import FIGURES, SHEETS
from tests.seen.faults import FAULTS, Fault

STORED = Path(__file__).parent / "pictures"
# A quick run leaves out the simpler of two pictures by one function.
VARIANTS = ("history", "confusion", "errors", "augmentation")
# Another family, whose letters keep their shape between the pixels. What it has no letter for, such
# as the cross of a wrong answer, is taken from the usual one.
OTHER_FONTS: Any = {
    "font.family": ["DejaVu Serif", "DejaVu Sans"],
    "text.hinting": "none",
}


def stored(name: str) -> UInt8Array:
    return load(STORED / f"{name}.png")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in VARIANTS else name
        for name in (*FIGURES, *SHEETS)
    ],
)
def test_a_picture_is_the_stored_one(name: str, tmp_path: Path, renew: bool) -> None:
    """Curves, bars, images, colours and words are as in the picture that a person looked at."""
    drawn = tmp_path / f"{name}.png"
    if name in FIGURES:
        write_figure(drawn, FIGURES[name]())
    else:
        SHEETS[name](drawn)
    if renew:
        store(load(drawn), STORED / drawn.name)
    assert unlike(load(drawn), stored(name)) <= TOLERANCE, (
        f"look at {drawn} and {STORED / drawn.name}; "
        "if the first is right, type `pytest tests/seen --renew`"
    )


def test_every_stored_picture_is_compared() -> None:
    """No stored picture is left of one that the project no longer draws."""
    assert {path.stem for path in STORED.iterdir()} == {*FIGURES, *SHEETS}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fault"), [(name, fault) for name, faults in FAULTS.items() for fault in faults]
)
def test_a_wrong_picture_is_refused(name: str, fault: Fault, tmp_path: Path) -> None:
    """One small thing that is missing, elsewhere or of another colour is more than fonts do."""
    figure = FIGURES[name]()
    fault(figure)
    write_figure(tmp_path / "wrong.png", figure)
    assert unlike(load(tmp_path / "wrong.png"), stored(name)) > 1.2 * TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_in_other_fonts_passes(name: str, tmp_path: Path) -> None:
    """Another version of Matplotlib or of its fonts is no fault of the picture."""
    with mpl.rc_context(OTHER_FONTS):
        write_figure(tmp_path / "other.png", FIGURES[name]())
    assert unlike(load(tmp_path / "other.png"), stored(name)) <= 0.8 * TOLERANCE


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("steps", lambda sheet: sheet[:, 172:]),
        ("steps", lambda sheet: np.roll(sheet, 172, axis=1)),
        ("steps", lambda sheet: np.where(np.arange(len(sheet))[:, None, None] < 26, 255, sheet)),
        ("steps", lambda sheet: 255 - sheet),
        ("made-pictures", lambda sheet: np.roll(sheet, 30, axis=0)),
        ("made-pictures", lambda sheet: 255 - sheet),
    ],
)
def test_a_wrong_sheet_is_refused(name: str, change: Callable[[UInt8Array], UInt8Array]) -> None:
    """Panels that are missing, nameless, in another order or inverted are noticed."""
    assert unlike(change(stored(name)).astype(np.uint8), stored(name)) > TOLERANCE


def test_a_sheet_in_another_font_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of panels that Pillow draws a little larger are no fault."""
    load_default = ImageFont.load_default
    monkeypatch.setattr(ImageFont, "load_default", lambda size: load_default(size + 1))
    SHEETS["steps"](tmp_path / "other.png")
    assert not np.array_equal(load(tmp_path / "other.png"), stored("steps"))
    assert unlike(load(tmp_path / "other.png"), stored("steps")) <= TOLERANCE
