import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from pictures.decode import decode
from pictures.files import PictureError
from pictures.labelled import Labelled, digit_image, has_folder, labelled
from pictures.segment import attempts
from tests.app.conftest import drawn, encoded, images_in


def test_what_counts_and_what_does_not(tmp_path: Path) -> None:
    """Pictures in folders of the classes count; hidden files are passed over, all else is named."""
    for name in ("b/B.JPG", "b/a.png", "b/.a.png.tmp", "b/.a.png", "b/note.txt", "c/a.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    for name in (".gitkeep", "a.png"):
        (tmp_path / name).touch()
    assert list(labelled(tmp_path, ("a", "b"))) == [
        Labelled(tmp_path / "a.png", "", f"not in a folder of its label, such as {tmp_path}/a"),
        Labelled(tmp_path / "b" / "B.JPG", "b"),
        Labelled(tmp_path / "b" / "a.png", "b"),
        Labelled(tmp_path / "b" / "note.txt", "b", "not the name of a picture"),
        Labelled(tmp_path / "c", "", "no class of the data set, expected one of a, b"),
    ]


@pytest.mark.parametrize(
    ("label", "expected"),
    [("ankle boot", True), ("7", True), ("T-shirt/top", False), ("..", False), (".git", False)],
)
def test_which_labels_have_a_folder(label: str, expected: bool) -> None:
    """A path is no name of a folder, and a hidden folder would be passed over."""
    assert has_folder(label) == expected


def test_a_picture_of_one_digit_gives_its_image() -> None:
    """It is the one that the reader finds, if need be in the second way to look at it.

    Of a bold white four that fills its picture, the black paper is taken for digits at first.
    """
    (expected,) = images_in(encoded(drawn(5)))
    np.testing.assert_array_equal(digit_image(encoded(drawn(5))), expected)
    four = ImageOps.invert(drawn(4, pen=14).convert("L"))
    tight = encoded(four.crop(four.getbbox()))
    first, second, *_ = (steps for ways in attempts(decode(tight).grey) for steps in ways)
    assert len(first.digits) > len(second.digits) == 1
    np.testing.assert_array_equal(digit_image(tight), second.digits[0].image)


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (drawn(3, 7), "found 2 digits, expected one"),
        (Image.new("L", (90, 90), "white"), "the sheet is blank"),
        (
            Image.fromarray(np.vstack([np.asarray(drawn(name)) for name in (3, 7)])),
            "the writing is in several rows, expected a single row",
        ),
    ],
)
def test_a_picture_without_one_digit_is_refused(picture: Image.Image, reason: str) -> None:
    """The reason is that of the likeliest way to look at it."""
    with pytest.raises(PictureError, match=rf"\A{re.escape(reason)}\Z"):
        digit_image(encoded(picture))
