import numpy as np
import pytest

from app.montage import steps_row
from app.reader import Answer, Reading
from pictures.box import Box
from pictures.segment import Steps


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
    empty = np.zeros((28, 28), np.float32)
    no_mask = np.zeros((28, 28), np.bool_)
    steps = Steps(empty, empty, no_mask, no_mask, no_mask, [], 1, True, [])
    answer = Answer(1, 0.98, [0.02, 0.98], 0, Box(0, 0, 28, 28), np.zeros((28, 28), np.uint8))
    row = steps_row(Reading([answer], name, 0.98, "", steps, (28, 28), ("other", name)))
    assert row.shape == (196, 2 * 172)
    strip = row[:24, 172:]  # above the second panel's image
    assert (strip[:, 2:-2] < 128).any()
    assert (strip[:, [0, 1, -2, -1]] == 255).all()
