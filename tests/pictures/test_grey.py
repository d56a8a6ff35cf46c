import numpy as np
import pytest
from PIL import Image

from pictures.grey import (
    best_channel,
    enlarged,
    enlargement,
    grey_levels,
    on_white,
    orientation,
    shrunk,
)


def test_transparent_pixels_become_white() -> None:
    """A transparent area becomes white; black at half opacity becomes middle grey."""
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 128), (0, 0, 10, 20))
    composite = np.asarray(on_white(clear))
    np.testing.assert_allclose(composite[:, :10], 127, atol=1)
    assert composite[:, 10:].min() == 255


def test_shrinking_keeps_the_proportions() -> None:
    """The longer side becomes at most 400 pixels; smaller pictures keep their size."""
    assert shrunk(np.ones((1000, 500, 3), np.float32)).shape == (400, 200, 3)
    assert shrunk(np.ones((30, 50, 1), np.float32)).shape == (30, 50, 1)
    assert shrunk(np.ones((399, 200, 3), np.float32)).shape == (399, 200, 3)
    assert shrunk(np.ones((1, 9000, 1), np.float32)).shape == (1, 400, 1)
    assert shrunk(np.ones((9000, 1, 1), np.float32)).shape == (400, 1, 1)
    means = shrunk(np.eye(1600, dtype=np.float32)[..., np.newaxis])  # of each 4x4 pixels
    np.testing.assert_allclose(means[..., 0], np.eye(400) / 4)
    assert shrunk(np.ones((433, 478, 1), np.float32)).max() == 1  # despite rounding


def test_the_channel_with_the_best_contrast() -> None:
    """Yellow on white uses the blue channel; blue on white uses the luminance."""
    sheet = np.ones((40, 40, 3), np.float32)
    sheet[10:30, 18:22] = (1, 0.9, 0.1)
    np.testing.assert_allclose(best_channel(sheet)[15, 15:25:4], [1, 0.1, 1], atol=0.01)
    sheet[10:30, 18:22] = (0.1, 0.2, 0.6)
    assert best_channel(sheet)[15, 20] == pytest.approx(0.299 * 0.1 + 0.587 * 0.2 + 0.114 * 0.6)


@pytest.mark.parametrize(
    ("light", "expected"), [((0.69, 0.5, 0.5), 0), ((0.5, 0.5, 0.76), 2), ((0.5, 0.5, 0.54), None)]
)
def test_a_channel_needs_much_more_contrast(
    light: tuple[float, float, float], expected: int | None
) -> None:
    """A channel is used if its range is 1.4 times that of the luminance, and it is no grey."""
    sheet = np.full((80, 80, 3), 0.5, np.float32)
    sheet[20:60, 20:60] = light
    luminance = sheet @ np.array([0.299, 0.587, 0.114], np.float32)
    wanted = luminance if expected is None else sheet[..., expected]
    np.testing.assert_allclose(best_channel(sheet), wanted, atol=1e-6)


@pytest.mark.parametrize(("dark", "is_luminance"), [(0.21, True), (0.19, False)])
def test_the_contrast_of_a_channel_from_both_sides(dark: float, is_luminance: bool) -> None:
    """Red from `dark` to 1 is compared with a luminance whose range is 0.57."""
    sheet = np.ones((80, 80, 3), np.float32)
    sheet[20:60, 20:60] = (dark, 1 - (0.57 - 0.299 * (1 - dark)) / 0.701, 0)
    sheet[20:60, 20:60, 2] = sheet[20, 20, 1]
    found = best_channel(sheet)
    assert (found[40, 40] != pytest.approx(dark)) == is_luminance


@pytest.mark.parametrize(("blue", "is_luminance"), [(0.05, False), (0.049, True)])
def test_a_faint_colour_is_grey(blue: float, is_luminance: bool) -> None:
    """On black, blue of 0.05 is the least that counts as a colour."""
    sheet = np.zeros((80, 80, 3), np.float32)
    sheet[20:60, 20:60, 2] = blue
    expected = 0.114 * blue if is_luminance else blue
    assert best_channel(sheet)[40, 40] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("is_dark", [False, True])
def test_a_hundredth_of_the_picture_shows_the_colour(is_dark: bool) -> None:
    """8x8 of 80x80 pixels are enough ink, wherever they lie, and three rows of pixels."""
    for ink in (np.s_[32:40, 48:56], np.s_[[4, 44, 64]], np.s_[:, [4, 44, 64]]):
        sheet = np.full((80, 80, 3), float(is_dark), np.float32)
        sheet[ink] = (float(is_dark), float(is_dark), float(not is_dark))
        np.testing.assert_array_equal(best_channel(sheet), sheet[..., 2])


@pytest.mark.parametrize(
    ("shape", "factor"),
    [
        ((28, 28), 4),
        ((112, 112), 1),
        ((111, 111), 2),
        ((56, 57), 2),
        ((55, 400), 1),
        ((55, 201), 1),
        ((55, 200), 2),
        ((56, 200), 1),
        ((27, 133), 3),
        ((100, 10), 4),
        ((1, 400), 1),
        ((1, 1), 112),
    ],
)
def test_small_pictures_are_enlarged(shape: tuple[int, int], factor: int) -> None:
    """To 112 pixels, and to 56 for the shorter side unless the longer one exceeds 400."""
    assert enlargement(shape) == enlargement(shape[::-1]) == factor
    larger = enlarged(np.full(shape, 0.3, np.float32), factor)
    np.testing.assert_allclose(larger, np.full([side * factor for side in shape], 0.3), 1e-6)


def test_enlarged_levels_stay_levels() -> None:
    """A smooth curve goes beyond black and white beside an edge; the levels do not."""
    edge = np.repeat(np.array([[0, 1]], np.float32), 4, axis=1).repeat(3, axis=0)
    larger = enlarged(edge, 3)
    assert (larger.min(), larger.max()) == (0, 1)
    assert (np.diff(larger, axis=1) >= -0.1).all()
    # Keys' cubic convolution with a = -0.75, a third of the way from black to white
    np.testing.assert_allclose(larger[4, 11:13], [0.3148, 0.6852], atol=1e-4)
    assert enlarged(edge, 1) is edge


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "YCbCr", "F"])
def test_fine_stripes_become_grey(mode: str) -> None:
    """A very large picture is averaged where it is shrunk, and loses no thin strokes."""
    stripes = np.tile(np.array([0, 255], np.uint8), (4, 800))
    picture = Image.fromarray(stripes).convert(mode)
    if mode == "F":
        picture = Image.fromarray(stripes / np.float32(255))
    grey = grey_levels(picture)
    np.testing.assert_allclose(grey, np.full((1, 400), 0.5), atol=0.01)


@pytest.mark.parametrize("mode", ["P", "LA"])
def test_of_a_palette_every_other_pixel_is_taken(mode: str) -> None:
    """Numbers of colours have no mean, so of a very large picture 800 pixels are taken first.

    Here they are black in every other column, of which the shrunk picture has the mean.
    """
    rows = np.tile(np.array([[255, 255, 255, 255], [255, 0, 255, 255]], np.uint8), (1, 400))
    grey = grey_levels(Image.fromarray(rows).convert(mode))
    np.testing.assert_allclose(grey, np.full((1, 400), 0.5), atol=0.01)


@pytest.mark.parametrize(
    ("levels", "kind", "expected"),
    [
        ([0, 51, 255], np.uint8, [0, 0.2, 1]),
        ([0, 13107, 26214], np.uint16, [0, 0.2, 0.4]),
        ([-5, 13107, 70000], np.int32, [0, 0.2, 1]),
        ([-1, 0.2, 0.4], np.float32, [0, 0.2, 0.4]),
        ([0, 1, 4], np.float32, [0, 0.25, 1]),
    ],
)
def test_levels_by_hand(levels: list[float], kind: type, expected: list[float]) -> None:
    """Integers are shares of the largest with 8 or 16 bits, floats of 1 or of their own largest."""
    found = grey_levels(Image.fromarray(np.array([levels], kind)))
    np.testing.assert_array_equal(found, np.array([expected], np.float32))
    assert found.dtype == np.float32


def test_all_levels_of_a_grey_picture_are_exact() -> None:
    """They are not mixed from three channels, which would round them."""
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    found = grey_levels(Image.fromarray(levels))
    np.testing.assert_array_equal(found, levels / np.float32(255))


def test_a_picture_is_upright_if_nothing_else_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither without EXIF data nor with some that cannot be read is it turned."""
    picture = Image.new("L", (20, 10))
    assert orientation(picture) == 1

    def fail(_: Image.Image) -> None:
        raise SyntaxError("not a TIFF file")

    monkeypatch.setattr(Image.Image, "getexif", fail)
    assert orientation(picture) == 1
    assert grey_levels(picture).shape == (10, 20)
