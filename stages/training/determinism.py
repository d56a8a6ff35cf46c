"""Settings with which TensorFlow computes the same bytes for the same work."""

import os
import sys

import keras
import tensorflow as tf

from stages.training.settings import InstructionSet


def use_kernels(threads: int, instruction_set: InstructionSet) -> None:
    """Fix the kernels and threads that TensorFlow otherwise chooses by the machine.

    Call it before any computation. `threads` share one operation; another count may change the
    order of a sum. "avx2" keeps oneDNN from choosing kernels by the CPU, "native" lets it.
    """
    os.environ.pop("ONEDNN_MAX_CPU_ISA", None)
    if instruction_set == "avx2":
        os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"  # read when the first kernel is chosen
    tf.config.threading.set_intra_op_parallelism_threads(threads)


def make_deterministic(seed: int) -> None:
    """Fix the seeds, the order of every sum, and the settings that keras.json may change."""
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def verbosity() -> int:
    """Return Keras's `verbose`: 1, a progress bar, in a terminal, else 2, a line per epoch."""
    return 1 if sys.stdout.isatty() else 2


def describe_devices() -> str:
    """Name the devices that TensorFlow sees, and say whether a GPU is among them."""
    names = [
        device.name.removeprefix("/physical_device:")
        for device in tf.config.list_physical_devices()
    ]
    gpus = sum(name.startswith("GPU") for name in names)
    return f"{', '.join(names)} ({f'{gpus} GPU' if gpus else 'no GPU: training on the CPU'})"
