"""How time and memory scale with the number of images, in the stage `train`.

`python -m benchmarks.scaling` trains an epoch with params.yaml on 6,000, 60,000 and 600,000 images,
training and validation together: MNIST cut short, whole, and repeated. It prints a table of
docs/benchmarks.md: the seconds of the whole command and its largest resident memory. It needs
data/processed, half a gigabyte of disk, and a machine that does nothing else.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml
from tqdm import tqdm

from benchmarks.process import output_of
from benchmarks.results import megabytes
from stages.shared.arrays import LabelledImages, load_split, save_split
from stages.shared.cli import run
from stages.shared.dataset import DATASET_FILE, read_dataset, write_dataset
from stages.shared.files import write_text

PROCESSED, PARAMS = Path("data/processed"), Path("params.yaml")
SIZES = (6_000, 60_000, 600_000)
# Linux counts the memory of the parent process too, so the parent is a small one.
LAUNCHER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def resized(data: LabelledImages, count: int) -> LabelledImages:
    """Return `count` images: the first ones of `data`, repeated from the start if it has fewer."""
    indices = np.arange(count) % len(data.labels)
    return LabelledImages(data.images[indices], data.labels[indices])


def measure(size: int, folder: Path) -> tuple[float, float]:
    """Train an epoch on `size` images; return the seconds and the peak in millions of bytes."""
    splits = {split: load_split(PROCESSED, split) for split in ("train", "validation")}
    total = sum(len(data.labels) for data in splits.values())
    for split, data in splits.items():
        save_split(folder, split, resized(data, len(data.labels) * size // total))
    write_dataset(folder / DATASET_FILE, read_dataset(PROCESSED / DATASET_FILE))
    params = yaml.safe_load(PARAMS.read_text())
    params["train"] |= {"epochs": 1, "networks": 1}
    write_text(folder / "params.yaml", yaml.safe_dump(params))
    command = [sys.executable, "-m", "stages", "train"]
    command += ["--processed", str(folder), "--params", str(folder / "params.yaml")]
    command += ["--model", str(folder / "model.keras"), "--litert", str(folder / "model.tflite")]
    command += ["--history", str(folder / "history.csv")]
    command += ["--progress", str(folder / "training.json")]
    command += ["--augmented", str(folder / "augmented.npy")]
    start = time.perf_counter()
    peak = int(output_of("a training run", "-c", LAUNCHER, *command))
    return time.perf_counter() - start, megabytes(peak)


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    rows = []
    for size in tqdm(SIZES, unit="run"):
        with tempfile.TemporaryDirectory() as folder:
            rows.append((size, *measure(size, Path(folder))))
    print("| images | seconds | peak memory, MB |\n|---|---|---|")
    for size, seconds, peak in rows:
        print(f"| {size:,} | {seconds:.0f} | {peak:,.0f} |")


if __name__ == "__main__":
    run(main)
