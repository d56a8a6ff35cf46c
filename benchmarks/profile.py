"""Where a training step of the default recipe spends its time, by kind of operation.

`python -m benchmarks.profile` trains some steps on one batch under TensorFlow's profiler and prints
a table of docs/benchmarks.md: the share of each kind in the time that the threads spend in
operations. For convolutions and a float32 matrix product it gives the speed too.
"""

import argparse
import re
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from benchmarks.training_run import macs_per_image, matrix_product_flops
from stages.shared.arrays import IMAGE_SHAPE
from stages.shared.cli import StageError, run
from stages.shared.dataset import DIGITS
from stages.shared.params import load_section
from stages.training.determinism import make_deterministic, use_kernels
from stages.training.settings import Train
from stages.training.trainer import compiled_model

WARM_UP, STEPS = 20, 100
STEP = "StatefulPartitionedCall/"  # begins the name of each operation of a training step
INPUT_GRADIENT = "convolution, input gradient"
KINDS = {
    "convolution, forward": r"convolution:",
    INPUT_GRADIENT: r"Conv2DBackpropInput:",
    "convolution, weight gradient": r"Conv2DBackpropFilter:",
    "batch normalisation": r"batch_normalization|BatchNorm",
    "pooling": r"max_pooling",
    "rectifier": r"re_lu",
    "dropout": r"dropout",
}


def kind_of(operation: str) -> str:
    """Return the kind that an operation's full name shows."""
    return next((kind for kind, part in KINDS.items() if re.search(part, operation)), "the rest")


def milliseconds(trace: Path) -> Counter[str]:
    """Add up the time of all operations in a trace, by kind; two threads count twice.

    Raises `StageError` if none is named as those of a training step are.
    """
    space = xplane_pb2.XSpace()
    space.ParseFromString(trace.read_bytes())
    total: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                if name.startswith(STEP):
                    total[kind_of(name)] += event.duration_ps / 1e9
    if not total:
        raise StageError(
            f"the profiler's trace has no operation of a training step, expected names that begin "
            f"with {STEP}: see that TensorFlow is the version in requirements.txt"
        )
    return total


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    settings = load_section(Train, Path("params.yaml"))
    # `milliseconds` knows the names of operations only if one step runs per execution.
    settings = settings.model_copy(update={"steps_per_execution": 1})
    use_kernels(settings.threads, settings.instruction_set)
    make_deterministic(settings.seed)
    model = compiled_model(settings, len(DIGITS), STEPS)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (settings.batch_size, *IMAGE_SHAPE), np.uint8)
    labels = random.integers(0, len(DIGITS), settings.batch_size, np.uint8)
    batches = tf.data.Dataset.from_tensors((images, labels)).repeat()
    model.fit(batches, steps_per_epoch=WARM_UP, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            model.fit(batches, steps_per_epoch=STEPS, verbose=0)
        (trace,) = Path(folder).rglob("*.xplane.pb")
        total = milliseconds(trace)
    product = matrix_product_flops()
    first, *others, _ = macs_per_image(model)  # the last is the dense layer
    print("| operations | ms a step | share | GFLOP/s |\n|---|---|---|---|")
    for kind, spent in total.most_common():
        speed = ""
        if kind.startswith("convolution"):
            macs = sum(others) + first * (kind != INPUT_GRADIENT)  # the images get no gradient
            speed = f"{2 * macs * settings.batch_size * STEPS / spent / 1e6:.0f}"
        share = spent / total.total()
        print(f"| {kind} | {spent / STEPS:.1f} | {100 * share:.0f} % | {speed} |")
    print(f"| matrix product | | | {product / 1e9:.0f} |")


if __name__ == "__main__":
    run(main)
