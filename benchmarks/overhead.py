"""The overhead of reproducible, resumable training, against plain `fit`.

`python -m benchmarks.overhead` trains the default network on the arrays in data/processed, with the
variants in turn and each run in its own process, and prints the ratios of the medians. `plain` is
`fit` with Keras's own shuffling, no determinism and no checkpoints; `native` is the reproducible
run with all instructions of the CPU. Augmentation is off in all, because plain `fit` has none. Run
it on a machine that does nothing else.
"""

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path

from tqdm import tqdm

from benchmarks.process import output_of
from stages.shared.cli import run
from stages.shared.params import load_section
from stages.training.inputs import Inputs
from stages.training.settings import Augmentation, Train

VARIANTS = ("plain", "reproducible", "native")
PROCESSED = Path("data/processed")


def fit_seconds(variant: str, epochs: int) -> float:
    """Train in this process; return the seconds from building the model to the end of training."""
    from stages.shared.arrays import load_split
    from stages.shared.dataset import DATASET_FILE, read_dataset
    from stages.train import train
    from stages.training.checkpoint import CheckpointFolder
    from stages.training.determinism import make_deterministic, use_kernels
    from stages.training.trainer import VALIDATION_BATCH_SIZE, compiled_model

    settings = load_section(Train, Path("params.yaml"))
    no_augmentation = Augmentation(rotation=0, scale=0, shear=0, shift=0)
    settings = settings.model_copy(update={"epochs": epochs, "augmentation": no_augmentation})
    training, validation = load_split(PROCESSED, "train"), load_split(PROCESSED, "validation")
    num_classes = len(read_dataset(PROCESSED / DATASET_FILE).classes)
    if variant == "plain":
        use_kernels(settings.threads, settings.instruction_set)
        steps_per_epoch = math.ceil(len(training.labels) / settings.batch_size)
        start = time.perf_counter()
        model = compiled_model(settings, num_classes, steps_per_epoch)
        model.fit(
            *training,
            batch_size=settings.batch_size,
            epochs=epochs,
            validation_data=validation,
            validation_batch_size=VALIDATION_BATCH_SIZE,
            verbose=2,
        )
        return time.perf_counter() - start
    kernels = "native" if variant == "native" else settings.instruction_set
    use_kernels(settings.threads, kernels)
    make_deterministic(settings.seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        CheckpointFolder(Path(folder), "overhead") as checkpoints,
    ):
        start = time.perf_counter()
        inputs = Inputs(training, validation, num_classes)
        train(settings, inputs, checkpoints, lambda _: None)
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--only", choices=VARIANTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(fit_seconds(arguments.only, arguments.epochs))
        return
    seconds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for _ in tqdm(range(arguments.rounds), desc="rounds"):
        for variant in VARIANTS:
            again = ["-m", "benchmarks.overhead", "--only", variant]
            again += ["--epochs", str(arguments.epochs)]
            seconds[variant].append(float(output_of("a training run", *again).split()[-1]))
    medians = {variant: statistics.median(values) for variant, values in seconds.items()}
    for variant, values in seconds.items():
        print(
            f"{variant:>13}: median {medians[variant]:.1f} s, "
            f"{min(values):.1f} to {max(values):.1f}, n = {len(values)}, {arguments.epochs} epochs"
        )
    print(f"reproducible / plain: {medians['reproducible'] / medians['plain']:.3f}")
    print(f"reproducible / native: {medians['reproducible'] / medians['native']:.3f}")


if __name__ == "__main__":
    run(main)
