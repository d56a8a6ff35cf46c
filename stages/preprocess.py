"""Check the IDX files, set a validation part aside, and write the arrays that training reads.

Reads: the four IDX files in the folder `--raw`.
Writes: {train,validation,test}_{images,labels}.npy in the folder `--processed`, the figures that
describe them (`--metrics`, JSON) and a sheet of random training images (`--samples`, PNG).
Parameters: preprocess, and from download the data set's name.

Images stay uint8: scaling to [0, 1] is a layer of the model, so that nobody can forget it.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.model_selection import train_test_split

from stages import params
from stages.command import StageError, parse_paths, run
from stages.dataset import NUM_CLASSES, LabelledImages, read_idx_pair, save
from stages.files import write_figure, write_json
from stages.sheet import image_sheet

SAMPLES = 40  # images on the sheet
MNIST_TRAINING_IMAGES = 60_000


def split_off(data: LabelledImages, size: int, seed: int) -> tuple[LabelledImages, LabelledImages]:
    """Divide `data` into the rest and `size` images, both with the classes in proportion.

    Raises `StageError` if there are too few images of some class to do so.
    """
    try:
        rest, part = train_test_split(
            np.arange(len(data.labels)), test_size=size, stratify=data.labels, random_state=seed
        )
    except ValueError as error:
        raise StageError(
            f"cannot take {size:,} of {len(data.labels):,} images with the classes in proportion: "
            f"{error}; change preprocess.limit or preprocess.validation_fraction in params.yaml"
        ) from error
    return _pick(data, rest), _pick(data, part)


def limited(data: LabelledImages, limit: int | None, seed: int) -> LabelledImages:
    """Return `limit` of the images, the classes in proportion; all if there are no more."""
    if limit is None or limit >= len(data.labels):
        return data
    return split_off(data, limit, seed)[1]


def describe(dataset: str, splits: dict[str, LabelledImages]) -> dict[str, Any]:
    """Return the figures of metrics/data.json; mean and deviation are of pixels in [0, 1]."""
    return {
        "dataset": dataset,
        **{
            split: {
                "images": len(data.labels),
                "mean": float(data.images.mean() / 255),
                "standard_deviation": float(data.images.std() / 255),
                "images_per_class": {
                    str(digit): int(count)
                    for digit, count in enumerate(np.bincount(data.labels, minlength=NUM_CLASSES))
                },
            }
            for split, data in splits.items()
        },
    }


def sample_sheet(data: LabelledImages, dataset: str, seed: int) -> Figure:
    """Draw random images, each with its label above."""
    chosen = np.random.default_rng(seed).permutation(len(data.labels))[:SAMPLES]
    captions = [str(label) for label in data.labels[chosen]]
    heading = f"{dataset}: random training images and their labels"
    return image_sheet(data.images[chosen], captions, heading)


def _pick(data: LabelledImages, indices: Any) -> LabelledImages:
    return LabelledImages(data.images[indices], data.labels[indices])


def main() -> None:
    paths = parse_paths(
        __doc__,
        raw="folder with the IDX files",
        processed="folder for the arrays",
        metrics="JSON file for the figures",
        samples="PNG file for the sheet of samples",
        params="parameter file",
    )
    settings = params.load(params.Preprocess, paths.params)
    dataset = params.load(params.Download, paths.params).dataset

    published = read_idx_pair(paths.raw, "train")
    # A recipe names the data set apart from the download that it shares with others.
    if (len(published.labels) == MNIST_TRAINING_IMAGES) != (dataset == "mnist"):
        raise StageError(
            f"{paths.raw}: found {len(published.labels):,} training images, expected those of "
            f"{dataset}; set download.dataset in {paths.params} to what was downloaded"
        )
    validation_size = round(settings.validation_fraction * len(published.labels))
    train, validation = split_off(published, validation_size, settings.seed)
    splits = {
        split: limited(data, settings.limit, settings.seed)
        for split, data in {
            "train": train,
            "validation": validation,
            "test": read_idx_pair(paths.raw, "test"),
        }.items()
    }
    for split, data in splits.items():
        save(paths.processed, split, data)
        print(f"{split}: images {data.images.shape} {data.images.dtype}")
    write_json(paths.metrics, describe(dataset, splits))
    write_figure(paths.samples, sample_sheet(splits["train"], dataset, settings.seed))


if __name__ == "__main__":
    run(main)
