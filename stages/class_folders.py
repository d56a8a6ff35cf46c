"""Pictures in a folder per class."""

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pictures.decode import decode
from pictures.files import SUFFIXES, PictureError, load_file
from pictures.fit import fitted
from stages.content_split import digest, position
from stages.idx import Refusal
from stages.shared.arrays import LabelledImages, UInt8Array

SPLITS = ("train", "test")
TEST_FRACTION = 0.2
MIN_PICTURES = 3  # of a class: one to test, one to validate and one to train

Pictures = dict[str, UInt8Array]  # by class, (N, 28, 28)


def read_class_folders(
    folder: Path, refusal: Refusal
) -> tuple[tuple[str, ...], dict[str, LabelledImages]]:
    """Read the pictures in FOLDER/CLASS, or in FOLDER/train/CLASS and FOLDER/test/CLASS.

    Classes are in the order of their names; numbers are in theirs. Without train and test, about
    a fifth of each class becomes the test set, by the content of the pictures. Files that are no
    readable pictures are left out, with a line on stderr each. Raises the error that `refusal`
    makes.
    """
    if not all((folder / split).is_dir() for split in SPLITS):
        pictures = _read_classes(folder, refusal)
        counts = {
            name: len({image.tobytes() for image in images}) for name, images in pictures.items()
        }
        few = [name for name, count in counts.items() if count < MIN_PICTURES]
        if few:
            found = f"{counts[few[0]]} different pictures of {few[0]}"
            raise refusal(folder, found, f"at least {MIN_PICTURES} of each class")
        return tuple(pictures), split_classes(pictures)
    others = [one.name for one in _folders(folder) if one.name not in SPLITS]
    if others:
        raise refusal(folder, f"{others[0]} beside train and test", "these two folders alone")
    train, test = (_read_classes(folder / split, refusal) for split in SPLITS)
    if list(train) != list(test):
        name = min(set(train) ^ set(test))
        where, there = ("train", "test") if name in train else ("test", "train")
        raise refusal(folder, f"the class {name} in {where} alone", f"pictures of it in {there}")
    return tuple(train), {"train": _labelled(train), "test": _labelled(test)}


def split_classes(pictures: Pictures) -> dict[str, LabelledImages]:
    """Set about a fifth of each class aside as the test set, by the content of each picture.

    At least one picture tests, and at least two train.
    """
    parts: dict[str, Pictures] = {split: {} for split in SPLITS}
    for name, images in pictures.items():
        positions = np.array([position(digest(image.tobytes())) for image in images])
        least = np.sort(positions)
        limit = min(max(TEST_FRACTION, np.nextafter(least[0], 1)), least[-2])
        parts["test"][name] = images[positions < limit]
        parts["train"][name] = images[positions >= limit]
    return {split: _labelled(part) for split, part in parts.items()}


def _labelled(pictures: Pictures) -> LabelledImages:
    counts = [len(images) for images in pictures.values()]
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.uint8)
    return LabelledImages(np.concatenate([*pictures.values()])[..., np.newaxis], labels)


def _read_classes(folder: Path, refusal: Refusal) -> Pictures:
    """Read the pictures of each class."""
    folders = sorted(_folders(folder), key=_place)
    if not folders:
        raise refusal(folder, "no folders in it", "a folder of pictures for each class")
    paths = {one.name: sorted(_files(one)) for one in folders}
    pictures: Pictures = {}
    with tqdm(desc=str(folder), total=sum(map(len, paths.values())), unit="picture") as progress:
        for name, files in paths.items():
            images = [image for path in files for image in _read(path, progress)]
            if not images:
                raise refusal(folder / name, "no readable picture", "some, or no such folder")
            pictures[name] = np.stack(images)
    return pictures


def _read(path: Path, progress: tqdm) -> Iterator[UInt8Array]:  # type: ignore[type-arg]
    """Yield the image of a picture; nothing if there is none, and say so."""
    progress.update()
    if path.suffix.lower() not in SUFFIXES:
        tqdm.write(f"left out: {path}: no picture by its name", file=sys.stderr)
        return
    try:
        yield fitted(decode(load_file(path)).grey)
    except PictureError as error:
        tqdm.write(f"left out: {path}: {error}", file=sys.stderr)


def _place(folder: Path) -> tuple[float, str]:
    name = folder.name
    return (int(name) if name.isdecimal() else math.inf), name


def _folders(folder: Path) -> Iterator[Path]:
    return (one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder at any depth; hidden ones, such as .DS_Store, do not count."""
    for path in folder.rglob("*"):
        if path.is_file() and not any(
            part.startswith(".") for part in path.relative_to(folder).parts
        ):
            yield path
