"""A person's own labelled pictures, FOLDER/LABEL/any-name, as images in the data set's form."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from pictures.decode import decode
from pictures.files import PictureError, load_file
from pictures.fit import fitted
from pictures.labelled import digit_image, labelled
from stages.content_split import digest, position
from stages.shared.arrays import IMAGE_SHAPE, LabelledImages, UInt8Array
from stages.shared.cli import StageError
from stages.shared.dataset import DIGITS, DataSet

OWN_SPLITS = ("own_train", "own_test")


class OwnPicture(NamedTuple):
    """One picture that was read."""

    path: str
    sha256: str  # of the file, in hex
    label: int  # the index of its class
    image: UInt8Array  # (28, 28), 0 is background


def read_own_pictures(folder: Path, dataset: DataSet) -> list[OwnPicture]:
    """Read the pictures of a folder, in the order of their digests.

    If the classes are the ten digits, each picture shows one, which is cut out; otherwise a
    picture is taken whole, as those of a data set are.

    What cannot be read is left out and named in a line on stderr. A picture that is there twice
    counts once.

    Raises `StageError` if the folder is missing, or holds the same picture under two labels.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise StageError(f"{folder}: found {found}, expected a folder; type `mkdir {folder}`")
    classes, to_image = dataset.classes, digit_image if dataset.classes == DIGITS else whole_image
    pictures: dict[str, OwnPicture] = {}
    files = list(labelled(folder, classes))
    for path, name, reason in tqdm(files, desc=str(folder), unit="files", disable=not files):
        if reason:
            _leave_out(path, reason)
            continue
        try:
            content = load_file(path)
            image = to_image(content)
        except PictureError as error:
            _leave_out(path, str(error))
            continue
        sha256, label = digest(content), classes.index(name)
        same = pictures.setdefault(sha256, OwnPicture(str(path), sha256, label, image))
        if same.label != label:
            raise StageError(
                f"{path}: found the same picture as {same.path}, expected one label for it; "
                "delete one of them"
            )
    return [pictures[sha256] for sha256 in sorted(pictures)]


def whole_image(content: bytes) -> UInt8Array:
    """Return the content of a picture file as (28, 28) uint8, or raise `PictureError`."""
    return fitted(decode(content).grey)


def split_by_content(pictures: list[OwnPicture], test_fraction: float) -> dict[str, LabelledImages]:
    """Divide pictures into "own_train" and "own_test", each (N, 28, 28, 1) and (N,) uint8.

    A picture never changes sides when others are added. About `test_fraction` of them are for the
    test; N may be 0.
    """
    splits = [side(picture, test_fraction) for picture in pictures]
    divided = {
        name: [own for own, split in zip(pictures, splits, strict=True) if split == name]
        for name in OWN_SPLITS
    }
    return {
        name: LabelledImages(
            np.array([own.image for own in part], np.uint8).reshape(-1, *IMAGE_SHAPE),
            np.array([own.label for own in part], np.uint8),
        )
        for name, part in divided.items()
    }


def side(picture: OwnPicture, test_fraction: float) -> str:
    """Return "own_test" or "own_train", by the picture's content alone."""
    return "own_test" if position(picture.sha256) < test_fraction else "own_train"


def own_table(
    pictures: list[OwnPicture], classes: Sequence[str], test_fraction: float
) -> pd.DataFrame:
    """Return a row per picture: picture (its path), sha256, label, split."""
    rows = [
        (own.path, own.sha256, classes[own.label], side(own, test_fraction)) for own in pictures
    ]
    return pd.DataFrame(rows, columns=["picture", "sha256", "label", "split"])


def _leave_out(path: Path, reason: str) -> None:
    tqdm.write(f"left out: {path}: {reason}", file=sys.stderr)
