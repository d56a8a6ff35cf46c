"""Folders of data of a user's own, and the stage that reads them."""

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.download import main
from stages.idx import IDX_FILES, to_idx
from stages.shared.arrays import LabelledImages, UInt8Array


def save(path: Path, image: UInt8Array) -> None:
    """Save an image (H, W) as a picture, in a folder that is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def fill(folder: Path, counts: dict[str, int]) -> Path:
    """Write so many pictures of noise for each class."""
    random = np.random.default_rng(2)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            image = random.integers(0, 256, (28, 28), dtype=np.uint8)
            save(folder / name / f"{index:03}.png", image)
    return folder


def write_idx_folder(folder: Path, data: LabelledImages, suffix: str = "") -> Path:
    """Write the same images as training and test set, plain or as .gz."""
    folder.mkdir(exist_ok=True)
    for names in IDX_FILES.values():
        for name, array in zip(names, (data.images[..., 0], data.labels), strict=True):
            content = to_idx(array)
            packed = gzip.compress(content) if suffix else content
            (folder / f"{name}{suffix}").write_bytes(packed)
    return folder


def run_download(dataset: str, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the stage on a data set."""
    params = raw.parent / "params.yaml"
    params.write_text(f"download: {{dataset: '{dataset}'}}\n")
    monkeypatch.setattr(sys, "argv", ["", "--raw", str(raw), "--params", str(params)])
    main()
