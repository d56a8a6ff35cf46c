from pathlib import Path

import keras
import numpy as np
import pytest

from stages.shared.arrays import LabelledImages, save_split
from stages.shared.cli import StageError
from stages.shared.dataset import DataSet, write_dataset
from stages.training.inputs import load_inputs
from stages.training.model_file import save_model


def test_the_inputs_of_a_training(tmp_path: Path, random_images: LabelledImages) -> None:
    """Each split has its place, and the weights are those of the named model, None without one."""
    splits = [
        LabelledImages(random_images.images[part], random_images.labels[part])
        for part in (slice(0, 5), slice(5, 7), slice(7, 8))
    ]
    for name, split in zip(("train", "validation", "own_train"), splits, strict=True):
        save_split(tmp_path, name, split)
    write_dataset(tmp_path / "dataset.json", DataSet("letters", ("a", "b", "c")))
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(3))
    path = tmp_path / "model.keras"
    save_model(model, path)
    for start_from in (None, str(path)):
        inputs = load_inputs(tmp_path, start_from)
        found = (inputs.training, inputs.validation, inputs.own)
        for split, expected in zip(found, splits, strict=True):
            np.testing.assert_array_equal(split.images, expected.images)
            np.testing.assert_array_equal(split.labels, expected.labels)
        assert inputs.num_classes == 3
        if start_from is None:
            assert inputs.start is None
        else:
            assert inputs.start is not None
            for weights, same in zip(inputs.start, model.get_weights(), strict=True):
                np.testing.assert_array_equal(weights, same)
    path.unlink()
    with pytest.raises(StageError, match=r"^train.start_from: .*/model.keras not found; "):
        load_inputs(tmp_path, str(path))
