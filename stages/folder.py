"""A folder of the user's own as a data set: four IDX files, or pictures in a folder per class.

IDX files have MNIST's names, plain or with .gz, and may have the names of the classes beside them
in classes.txt, one a line. Pictures are in FOLDER/CLASS, or in FOLDER/train/CLASS and
FOLDER/test/CLASS, at any depth; Keras's image_dataset_from_directory reads the same folders.
"""

from pathlib import Path

import numpy as np

from stages.class_folders import read_class_folders
from stages.idx import IDX_FILES, RAW_NAMES, read_idx_pair
from stages.shared.arrays import LabelledImages
from stages.shared.cli import StageError
from stages.shared.dataset import MAX_CLASSES, NAMES, DataSet, name_of

CLASS_NAMES = "classes.txt"
REMEDY = "put it right and type `dvc repro`"

Splits = dict[str, LabelledImages]  # "train" and "test"


def refusal(path: Path, found: str, expected: str) -> StageError:
    """Return the error that says what is wrong with a folder or a file of the user's own."""
    return StageError(f"{path}: found {found}, expected {expected}; {REMEDY}")


def read_folder(folder: Path) -> tuple[DataSet, Splits]:
    """Read the data set in a folder.

    Raises `StageError` in one line if there is none, or if it cannot be trained on.
    """
    name = name_of(str(folder))
    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        raise StageError(
            f"{folder}: found {found}, expected a folder with pictures or IDX files; set "
            f"download.dataset to its path, or to one of {', '.join(NAMES)}"
        )
    if name in NAMES:
        raise StageError(
            f"{folder}: found the name of a published data set, expected another; rename the "
            f"folder, or set download.dataset to {name}"
        )
    present = [raw for raw in RAW_NAMES if _idx_path(folder, raw)]
    classes, splits = (
        _read_idx_folder(folder, present) if present else read_class_folders(folder, refusal)
    )
    check_classes(folder, classes, splits)
    return DataSet(name, classes), splits


def check_classes(folder: Path, classes: tuple[str, ...], splits: Splits) -> None:
    """Refuse a data set whose classes are too few, too many, without images or badly named."""
    if not 2 <= len(classes) <= MAX_CLASSES:
        found = f"{len(classes)} classes" if len(classes) != 1 else f"one class, {classes[0]}"
        raise refusal(folder, found, f"2 to {MAX_CLASSES}")
    for name in classes:
        if not name.isprintable() or not name.strip() or classes.count(name) > 1:
            raise refusal(folder, f"the class {name!r}", "different names that can be printed")
    counts = np.bincount(splits["train"].labels, minlength=len(classes))
    # Stratified splits need two of each class: one to train on and one to validate on.
    few = [f"{count} of {name}" for name, count in zip(classes, counts, strict=True) if count < 2]
    if few:
        listed = ", ".join(few[:5]) + (", …" if len(few) > 5 else "")
        raise refusal(folder, f"training images: {listed}", "at least 2 of each class")


def _read_idx_folder(folder: Path, present: list[str]) -> tuple[tuple[str, ...], Splits]:
    missing = [name for name in RAW_NAMES if name not in present]
    if missing:
        raise refusal(folder, f"no {missing[0]}, plain or .gz", f"it beside {present[0]}")
    splits = {}
    for split, names in IDX_FILES.items():
        images, labels = (_idx_path(folder, name) or folder / name for name in names)
        splits[split] = read_idx_pair(images, labels, refusal)
    highest = max(int(data.labels.max()) for data in splits.values())
    path = folder / CLASS_NAMES
    if not path.exists():
        return tuple(str(label) for label in range(highest + 1)), splits
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise refusal(path, f"{error.reason} at byte {error.start}", "UTF-8") from error
    classes = tuple(line.strip() for line in lines if line.strip())
    if twice := [name for name in classes if classes.count(name) > 1]:
        raise refusal(path, f"the name {twice[0]} twice", "a different one for each class")
    if len(classes) <= highest:
        expected = f"{highest + 1}, because there is the label {highest}"
        raise refusal(path, f"{len(classes)} names", expected)
    return classes, splits


def _idx_path(folder: Path, name: str) -> Path | None:
    """Return the path of NAME or NAME.gz, None if there is neither."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
