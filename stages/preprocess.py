"""Check the IDX files, set a validation part aside, and write the arrays that training reads.

Reads: the four IDX files and dataset.json in the folder `--raw`, and own pictures in the folder
`--own`.
Writes: in the folder `--processed` dataset.json, the arrays
{train,validation,test,own_train,own_test}_{images,labels}.npy and the list of own pictures,
own_pictures.csv; the number of images per split and class (`--counts`, CSV) and random training
images (`--samples`, PNG).
Parameters: preprocess, and from download the name of the data set.

Images stay uint8: scaling to [0, 1] is a layer of the model, so that nobody can forget it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pydantic import Field
from sklearn.model_selection import train_test_split

from stages.figures.image_grid import image_grid
from stages.idx import read_idx_split
from stages.own_pictures import own_table, read_own_pictures, split_by_content
from stages.published import check_raw
from stages.shared.arrays import LabelledImages, save_split
from stages.shared.cli import StageError, parse_paths
from stages.shared.dataset import (
    DATASET_FILE,
    DataSet,
    Download,
    name_of,
    read_dataset,
    write_dataset,
)
from stages.shared.files import write_csv, write_figure
from stages.shared.params import Count, Section, Seed, load_section

SAMPLES = 40  # images in the picture


class Preprocess(Section):
    validation_fraction: float = Field(gt=0, lt=1)
    seed: Seed
    limit: Count | None  # images per split
    own_test_fraction: float = Field(ge=0, lt=1)


def split_off(data: LabelledImages, size: int, seed: int) -> tuple[LabelledImages, LabelledImages]:
    """Divide `data` at random: return all but `size` images, and these, each stratified by class.

    Raises `StageError` if there are too few images of some class.
    """
    counts = np.unique(data.labels, return_counts=True)[1]
    least = len(counts)
    if min(size, len(data.labels) - size) < least or counts.min() < 2:
        raise StageError(
            f"cannot take {size:,} of {len(data.labels):,} images with the classes in proportion: "
            f"found {least} classes, the smallest with {counts.min():,} images, expected 2 or more "
            f"of each class, and {least} images or more to take and to leave; change "
            "preprocess.limit or preprocess.validation_fraction"
        )
    rest, part = train_test_split(
        np.arange(len(data.labels)), test_size=size, stratify=data.labels, random_state=seed
    )
    return _select(data, rest), _select(data, part)


def subsample(data: LabelledImages, limit: int | None, seed: int) -> LabelledImages:
    """Return `limit` random images, stratified by class; all images if there are no more."""
    if limit is None or limit >= len(data.labels):
        return data
    return split_off(data, limit, seed)[1]


def count_table(splits: dict[str, LabelledImages], classes: Sequence[str]) -> pd.DataFrame:
    """Return a row per split and class: split, digit (the class's name), images."""
    return pd.DataFrame(
        [
            {"split": split, "digit": name, "images": count}
            for split, data in splits.items()
            for name, count in zip(
                classes, np.bincount(data.labels, minlength=len(classes)), strict=True
            )
        ]
    )


def samples_figure(data: LabelledImages, dataset: DataSet, seed: int) -> Figure:
    """Draw random images, each under the name of its class."""
    chosen = np.random.default_rng(seed).permutation(len(data.labels))[:SAMPLES]
    captions = [dataset.classes[label] for label in data.labels[chosen]]
    heading = f"{dataset.name}: random training images and their labels"
    return image_grid(data.images[chosen], captions, heading)


def _select(data: LabelledImages, indices: Any) -> LabelledImages:
    return LabelledImages(data.images[indices], data.labels[indices])


def checked_dataset(raw: Path, params: Path) -> DataSet:
    """Read the names of the data set in a folder.

    A recipe names its data set in its own parameter file, but shares the download with others, and
    files may have been put into the folder by hand. Raises `StageError` if the folder does not have
    the data set that the parameters name.
    """
    found = read_dataset(raw / DATASET_FILE)
    expected = name_of(load_section(Download, params).dataset)
    if found.name != expected:
        raise StageError(
            f"{raw}: found the data set {found.name}, expected {expected}; set download.dataset in "
            f"{params} to the data set in {raw}, or type `dvc repro download`"
        )
    check_raw(raw, found.name)
    return found


def main() -> None:
    paths = parse_paths(
        __doc__,
        raw="folder with the IDX files",
        own="folder with own pictures, in a folder for each label",
        processed="folder for the arrays",
        counts="CSV file for the number of images per split and class",
        samples="PNG file for random training images",
        params="parameter file",
    )
    settings = load_section(Preprocess, paths.params)
    dataset = checked_dataset(paths.raw, paths.params)
    published, test = (
        read_idx_split(paths.raw, split, len(dataset.classes)) for split in ("train", "test")
    )
    validation_size = round(settings.validation_fraction * len(published.labels))
    train, validation = split_off(published, validation_size, settings.seed)
    splits = {
        split: subsample(data, settings.limit, settings.seed)
        for split, data in {
            "train": train,
            "validation": validation,
            "test": test,
        }.items()
    }
    own = read_own_pictures(paths.own, dataset)
    share = settings.own_test_fraction
    write_csv(paths.processed / "own_pictures.csv", own_table(own, dataset.classes, share))
    for split, data in split_by_content(own, share).items():
        save_split(paths.processed, split, data)
        if len(data.labels):
            print(f"{split}: images {data.images.shape} {data.images.dtype}")
    for split, data in splits.items():
        save_split(paths.processed, split, data)
        pixels = f"mean {data.images.mean() / 255:.4f}, deviation {data.images.std() / 255:.4f}"
        print(
            f"{split}: images {data.images.shape} {data.images.dtype}; scaled to 0 to 1, {pixels}"
        )
    write_dataset(paths.processed / DATASET_FILE, dataset)
    write_csv(paths.counts, count_table(splits, dataset.classes))
    write_figure(paths.samples, samples_figure(splits["train"], dataset, settings.seed))
