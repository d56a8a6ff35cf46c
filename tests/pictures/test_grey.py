import numpy as np
import pytest
from PIL import Image

from pictures.grey import best_channel, on_white, shrunk


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
    assert shrunk(np.ones((1, 9000, 1), np.float32)).shape == (1, 400, 1)


def test_the_channel_with_the_best_contrast() -> None:
    """Yellow on white uses the blue channel; blue on white uses the luminance."""
    sheet = np.ones((40, 40, 3), np.float32)
    sheet[10:30, 18:22] = (1, 0.9, 0.1)
    np.testing.assert_allclose(best_channel(sheet)[15, 15:25:4], [1, 0.1, 1], atol=0.01)
    sheet[10:30, 18:22] = (0.1, 0.2, 0.6)
    assert best_channel(sheet)[15, 20] == pytest.approx(0.299 * 0.1 + 0.587 * 0.2 + 0.114 * 0.6)
