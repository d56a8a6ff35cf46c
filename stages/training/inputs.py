"""What a training takes, beside its settings."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.shared.arrays import IMAGE_SHAPE, LabelledImages, load_split
from stages.shared.dataset import DATASET_FILE, read_dataset

NONE = LabelledImages(np.empty((0, *IMAGE_SHAPE), np.uint8), np.empty(0, np.uint8))


class Inputs(NamedTuple):
    """The images of a training, and the weights that it starts from."""

    training: LabelledImages
    validation: LabelledImages
    num_classes: int
    own: LabelledImages = NONE  # a person's own pictures for training
    start: list[NDArray[Any]] | None = None  # as `model.get_weights()`; None for random ones


def load_inputs(processed: Path, start_from: str | None) -> Inputs:
    """Load the arrays in a folder, and the weights in a .keras file if there is one.

    Raises `StageError` if a file is not as a stage wrote it.
    """
    names = ("train", "validation", "own_train")
    training, validation, own = (load_split(processed, name) for name in names)
    num_classes = len(read_dataset(processed / DATASET_FILE).classes)
    if start_from is None:
        return Inputs(training, validation, num_classes, own)
    from stages.training.start import load_weights  # imports TensorFlow

    return Inputs(training, validation, num_classes, own, load_weights(Path(start_from)))
