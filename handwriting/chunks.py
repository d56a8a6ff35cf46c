"""Make the images of one kind in chunks, each from a seed of its own, in any process."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from handwriting.corruption import corrupted
from handwriting.fonts import Split, read_list
from handwriting.kinds import CHOSEN, KINDS, Material, load_material
from handwriting.likeness import Likeness
from handwriting.settings import Characters
from pictures.arrays import UInt8Array
from stages.shared.arrays import LabelledImages

CHUNK = 500  # images
LIKENESS_DIGITS = 20_000  # real digits that images are compared with
SPLITS: tuple[Split, ...] = ("train", "validation")


class Chunk(NamedTuple):
    """Images of one kind to make."""

    split: Split
    kind: str
    start: int
    images: int


def chunks(settings: Characters, split: Split) -> list[Chunk]:
    """Return the chunks of a split, kind after kind."""
    share = 1 if split == "train" else settings.validation_share
    found = []
    for kind, images in settings.images.items():
        count = round(images * share)
        starts = range(0, count, CHUNK)
        found += [Chunk(split, kind, start, min(CHUNK, count - start)) for start in starts]
    return found


def make(
    chunk: Chunk, material: Material, likeness: Likeness, settings: Characters
) -> LabelledImages:
    """Make the images (N, 28, 28) of a chunk; N is below `chunk.images` if some are too near."""
    seed = [settings.seed, SPLITS.index(chunk.split), list(KINDS).index(chunk.kind), chunk.start]
    random = np.random.default_rng(seed)
    images: list[UInt8Array] = []
    labels: list[int] = []
    while len(images) < chunk.images:
        made = KINDS[chunk.kind](material, random)
        if made:
            images.append(made[0])
            labels.append(made[1])
    stack = np.stack(images)
    kept = np.full(len(stack), True) if chunk.kind in CHOSEN else ~likeness(stack)
    chosen = random.random(len(stack)) < settings.corrupted_share
    for index in np.flatnonzero(chosen):
        stack[index] = corrupted(stack[index], random)
    return LabelledImages(stack[kept], np.array(labels, np.uint8)[kept])


class Maker:
    """Makes chunks in one process; loads what they are made of once."""

    loaded: "Maker"

    def __init__(self, settings: Characters, processed: Path, list_path: Path, fonts: Path) -> None:
        cv2.setNumThreads(1)
        listed = read_list(list_path)
        self.settings = settings
        self.material = {name: load_material(processed, listed, fonts, name) for name in SPLITS}
        real = self.material["train"].digits[:LIKENESS_DIGITS]
        self.likeness = Likeness(real, settings.likeness_share)

    @classmethod
    def load(cls, settings: Characters, processed: Path, list_path: Path, fonts: Path) -> None:
        cls.loaded = cls(settings, processed, list_path, fonts)

    @classmethod
    def run(cls, chunk: Chunk) -> LabelledImages:
        maker = cls.loaded
        return make(chunk, maker.material[chunk.split], maker.likeness, maker.settings)
