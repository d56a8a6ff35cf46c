import os
import subprocess
import sys

import pytest

from tests.conftest import PROJECT


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
