"""Make images of digits and of what is no digit, to train a network that tells them apart.

Reads: {train,validation}_{images,labels}.npy in the folder `--processed`, the list `--list` of the
fonts and the folder `--fonts` that holds them.
Writes: {train,validation}_{images,labels}.npy in the folder `--characters`, images (N, 28, 28, 1)
uint8 kind after kind and labels 0 to 9, or 10 for no digit; the number of images of each kind
(`--counts`, CSV); and a picture with some of each (`--samples`, PNG).
Parameters: characters.

Validation images are made of other digits and other fonts than training images.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from handwriting.chunks import SPLITS, Maker, chunks
from handwriting.fonts import Split
from handwriting.kinds import KINDS
from handwriting.settings import Characters, load
from pictures.arrays import UInt8Array
from stages.shared.arrays import LabelledImages, save_split
from stages.shared.cli import StageError, parse_paths, run
from stages.shared.files import replacing, write_csv

SAMPLES = 40  # images of each kind in the picture


def make_split(
    settings: Characters, split: Split, pool: ProcessPoolExecutor
) -> dict[str, LabelledImages]:
    """Make the images (N, 28, 28) of each kind in the processes of a pool."""
    wanted = chunks(settings, split)
    made = tqdm(pool.map(Maker.run, wanted), split, total=len(wanted), unit="chunk")
    by_kind: dict[str, list[LabelledImages]] = {kind: [] for kind in settings.images}
    for chunk, images in zip(wanted, made, strict=True):
        by_kind[chunk.kind].append(images)
    return {
        kind: LabelledImages(*map(np.concatenate, zip(*found, strict=True)))
        for kind, found in by_kind.items()
    }


def joined(by_kind: dict[str, LabelledImages]) -> LabelledImages:
    """Return the images of all kinds, kind after kind, as (N, 28, 28, 1)."""
    images, labels = map(np.concatenate, zip(*by_kind.values(), strict=True))
    return LabelledImages(images[..., np.newaxis], labels)


def draw_samples(images: dict[str, UInt8Array], path: Path) -> None:
    """Write a picture with a row of images of each kind."""
    rows = []
    for found in images.values():
        spread = found[np.linspace(0, len(found) - 1, SAMPLES).astype(int)]
        rows.append(np.concatenate(list(np.pad(spread, ((0, 0), (1, 1), (1, 1)))), axis=1))
    with replacing(path) as file:
        Image.fromarray(255 - np.concatenate(rows)).save(file, format="PNG")


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays of real digits",
        list="CSV list of the fonts",
        fonts="folder with the font files",
        characters="folder for the arrays",
        counts="CSV file for the number of images of each kind",
        samples="PNG file for some images of each kind",
        params="parameter file",
    )
    settings = load(Characters, paths.params)
    if unknown := settings.images.keys() - KINDS.keys():
        raise StageError(
            f"{paths.params}: characters.images: found {', '.join(unknown)}, "
            f"allowed are {', '.join(KINDS)}"
        )
    inputs = (settings, paths.processed, paths.list, paths.fonts)
    processes = len(os.sched_getaffinity(0))
    counts = []
    with ProcessPoolExecutor(processes, initializer=Maker.load, initargs=inputs) as pool:
        for split in SPLITS:
            by_kind = make_split(settings, split, pool)
            save_split(paths.characters, split, joined(by_kind))
            counts += [(split, kind, len(made.labels)) for kind, made in by_kind.items()]
            if split == "train":
                draw_samples({kind: made.images for kind, made in by_kind.items()}, paths.samples)
    write_csv(paths.counts, pd.DataFrame(counts, columns=["split", "kind", "images"]))


if __name__ == "__main__":
    run(main)
