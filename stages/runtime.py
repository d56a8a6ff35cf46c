"""TensorFlow set up so that the same work gives the same bytes."""

import os

import keras
import tensorflow as tf

from stages.params import InstructionSet


def make_deterministic(seed: int, threads: int, instruction_set: InstructionSet) -> None:
    """Fix the seeds, the order of every sum and the kind of kernels; call it before any work.

    `threads` is how many one operation is divided among: another number adds in another order.
    `instruction_set` "avx2" keeps oneDNN from choosing its kernels by the CPU it finds.
    """
    if instruction_set == "avx2":
        os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"  # read when the first kernel is chosen
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(threads)


def describe_devices() -> str:
    """Name the devices that TensorFlow sees, and say whether a GPU is among them."""
    names = [
        device.name.removeprefix("/physical_device:")
        for device in tf.config.list_physical_devices()
    ]
    gpus = sum(name.startswith("GPU") for name in names)
    return f"{', '.join(names)} ({f'{gpus} GPU' if gpus else 'no GPU: training on the CPU'})"
