"""A folder of labelled pictures, FOLDER/LABEL/any-name: which files count, and what they show."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pictures.arrays import UInt8Array
from pictures.decode import decode
from pictures.files import SUFFIXES, PictureError
from pictures.segment import attempts


class Labelled(NamedTuple):
    """A picture, or something else with the reason why it is left out."""

    path: Path
    label: str = ""
    reason: str = ""


def has_folder(label: str) -> bool:
    """Return whether a label can be the name of a folder that is not hidden."""
    return Path(label).name == label and label[0] != "."


def labelled(folder: Path, classes: Sequence[str]) -> Iterator[Labelled]:
    """Yield the pictures in the folders of the classes, and what is left out.

    Hidden files are passed over: a system left them behind, or a program that was killed.
    """
    for place in _shown(folder):
        if not place.is_dir():
            reason = f"not in a folder of its label, such as {folder / classes[0]}"
            yield Labelled(place, reason=reason)
        elif place.name not in classes:
            reason = f"no class of the data set, expected one of {', '.join(classes)}"
            yield Labelled(place, reason=reason)
        else:
            for path in _shown(place):
                is_picture = path.suffix.lower() in SUFFIXES
                reason = "" if is_picture else "not the name of a picture"
                yield Labelled(path, place.name, reason)


def _shown(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name[0] != ".")


def digit_image(content: bytes) -> UInt8Array:
    """Return the digit in the content of a picture file as (28, 28) uint8.

    No network looks at it: of several ways to find a digit in it, the first that finds one counts.

    Raises `PictureError` if the picture cannot be decoded, or does not show a single digit.
    """
    reason = ""
    for variants in attempts(decode(content).grey):
        for steps in variants:
            if not steps.reason and len(steps.digits) == 1:
                return steps.digits[0].image
            reason = reason or steps.reason or f"found {len(steps.digits)} digits, expected one"
    raise PictureError(reason)
