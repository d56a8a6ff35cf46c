"""TensorFlow set up so that the same work gives the same bytes."""

import os
import sys

import keras
import tensorflow as tf

from stages.params import InstructionSet


def use_kernels(threads: int, instruction_set: InstructionSet) -> None:
    """Fix what TensorFlow otherwise takes from the machine; call it before any work.

    `threads` is how many one operation is divided among: another number may add in another order.
    `instruction_set` "avx2" keeps oneDNN from choosing its kernels by the CPU it finds.
    """
    os.environ.pop("ONEDNN_MAX_CPU_ISA", None)
    if instruction_set == "avx2":
        os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"  # read when the first kernel is chosen
    tf.config.threading.set_intra_op_parallelism_threads(threads)


def make_deterministic(seed: int) -> None:
    """Fix the seeds, the order of every sum, and what a user's keras.json may say."""
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def verbosity() -> int:
    """Return Keras's `verbose`: its progress bar for a person, a line per epoch for a log."""
    return 1 if sys.stdout.isatty() else 2


def describe_devices() -> str:
    """Name the devices that TensorFlow sees, and say whether a GPU is among them."""
    names = [
        device.name.removeprefix("/physical_device:")
        for device in tf.config.list_physical_devices()
    ]
    gpus = sum(name.startswith("GPU") for name in names)
    return f"{', '.join(names)} ({f'{gpus} GPU' if gpus else 'no GPU: training on the CPU'})"
