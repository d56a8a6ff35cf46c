"""Load a folder of pictures, each of one digit, whose names begin with the label."""

from pathlib import Path

import numpy as np

from pictures.decode import decode
from pictures.files import SUFFIXES, PictureError, load_file
from pictures.segment import find_digits
from stages.shared.arrays import LabelledImages
from stages.shared.cli import StageError


def labelled_folder(folder: Path) -> LabelledImages:
    """Load the pictures of a folder as labelled 28x28 images.

    Raises `StageError` if the folder has no pictures, a picture is rejected or a name does not
    begin with a digit.
    """
    paths = pictures_in(folder)
    images = []
    for path in paths:
        try:
            steps = find_digits(decode(load_file(path)).grey)
        except PictureError as error:
            raise StageError(f"{path}: {error}") from error
        if steps.reason or path.name[0] not in "0123456789":
            found = f"no digit, {steps.reason}" if steps.reason else "no label"
            raise StageError(
                f"{path}: found {found}; expected a digit, with its label first in the name; "
                "rename the file or remove it from the folder"
            )
        if len(steps.digits) > 1:
            raise StageError(f"{path}: found {len(steps.digits)} digits, expected one")
        images.append(steps.digits[0].image)
    labels = np.array([int(path.name[0]) for path in paths], np.uint8)
    return LabelledImages(np.stack(images)[..., np.newaxis], labels)


def pictures_in(folder: Path) -> list[Path]:
    """Return the sorted pictures of a folder, or raise `StageError` if it has none."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise StageError(
            f"{folder}: found no picture, expected some with the label first in each name"
        )
    return paths
