import os
import random
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from stages.training.determinism import (
    describe_devices,
    make_deterministic,
    use_kernels,
    verbosity,
)
from stages.training.settings import InstructionSet
from tests.conftest import PROJECT


@pytest.mark.parametrize("before", ["SSE41", None])
@pytest.mark.parametrize(("instruction_set", "cap"), [("avx2", "AVX2"), ("native", None)])
def test_threads_and_kernels_are_those_of_the_parameters(
    instruction_set: InstructionSet,
    cap: str | None,
    before: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cap of oneDNN is set or lifted, also where the user's environment has one."""
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", before or "")
    if before is None:
        del os.environ["ONEDNN_MAX_CPU_ISA"]
    counts: list[int] = []
    # TensorFlow itself takes the number only once in a process.
    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", counts.append)
    use_kernels(3, instruction_set)
    assert counts == [3]
    assert os.environ.get("ONEDNN_MAX_CPU_ISA") == cap


@pytest.fixture
def own_keras_json() -> Iterator[None]:
    """Set what a user may have set in a keras.json, and the defaults again at the end."""
    keras.config.set_floatx("float16")
    keras.config.set_epsilon(1e-3)
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")


@pytest.mark.usefixtures("own_keras_json")
def test_a_seed_decides_all_that_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The draws of Python, NumPy, TensorFlow and Keras repeat; a user's keras.json is no matter."""
    calls: list[str] = []
    # It would stay for all tests that follow.
    monkeypatch.setattr(
        tf.config.experimental, "enable_op_determinism", lambda: calls.append("deterministic")
    )

    def draw(seed: int) -> list[float]:
        make_deterministic(seed)
        layer = keras.initializers.RandomNormal()((1,))
        return [
            random.random(),
            float(np.random.rand()),  # noqa: NPY002 - the generator that Keras seeds
            float(tf.random.uniform(())),
            float(layer[0]),
        ]

    first, other, again = draw(5), draw(6), draw(5)
    assert first == again
    assert all(one != two for one, two in zip(first, other, strict=True))
    assert calls == ["deterministic"] * 3
    assert keras.config.floatx() == "float32"
    assert keras.config.epsilon() == 1e-7
    assert keras.config.image_data_format() == "channels_last"


@pytest.mark.parametrize(("terminal", "level"), [(True, 1), (False, 2)])
def test_a_progress_bar_is_for_terminals(
    terminal: bool, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras's 1 is a bar that changes in place, its 2 a line per epoch, which a log can keep."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert verbosity() == level


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        (["CPU:0"], "CPU:0 (no GPU: training on the CPU)"),
        (["CPU:0", "GPU:0", "GPU:1"], "CPU:0, GPU:0, GPU:1 (2 GPU)"),
    ],
)
def test_devices_in_words(devices: list[str], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a GPU sees whether TensorFlow found it."""
    found = [SimpleNamespace(name=f"/physical_device:{name}") for name in devices]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda: found)
    assert describe_devices() == words


@pytest.mark.slow
@pytest.mark.parametrize(("instruction_set", "cap"), [("avx2", "AVX2"), ("native", "None")])
def test_the_machine_does_not_decide(instruction_set: str, cap: str) -> None:
    """Threads and kernels follow the parameters, not the environment variables."""
    code = (
        "import os, stages; from stages.training.determinism import *; "
        f"use_kernels(3, {instruction_set!r}); make_deterministic(0); "
        "print(tf.config.threading.get_intra_op_parallelism_threads(), "
        "os.environ.get('ONEDNN_MAX_CPU_ISA'), os.environ['TF_ENABLE_ONEDNN_OPTS'], "
        "keras.config.backend(), keras.config.floatx(), "
        "tf.config.experimental.list_physical_devices() and 'done')"
    )
    environment = os.environ | {
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "KERAS_BACKEND": "jax",
    }
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == ["3", cap, "1", "tensorflow", "float32", "done"]
