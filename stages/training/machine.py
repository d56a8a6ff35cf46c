"""The facts about a machine that can change the bytes of a run: CPU, caches, libraries, variables.

`python -m stages.training.machine` prints how this machine differs from the one on which dvc.lock
was made. That machine is described in machine.json, which no stage reads: a run with the same
bytes on another machine leaves dvc.lock as it is.
"""

import argparse
import hashlib
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from stages.shared.cli import StageError, run
from stages.shared.files import read_json
from stages.shared.params import load_section
from stages.training.settings import Train

MACHINE_FILE, LOCK = Path("machine.json"), Path("dvc.lock")
PACKAGES = (
    "h5py",
    "keras",
    "matplotlib",
    "numpy",
    "pandas",
    "pillow",
    "scikit-learn",
    "scipy",
    "tensorflow",
)
# Prefixes of the environment variables by which libraries choose their kernels.
VARIABLES = (
    "CUDA_",
    "DNNL_",
    "KMP_",
    "MKL_",
    "NPY_",
    "NVIDIA_TF32_",
    "OMP_",
    "ONEDNN_",
    "OPENBLAS_",
    "TF_CUDNN_",
    "TF_ENABLE_",
    "TF_NUM_",
    "TF_XLA_",
    "XLA_FLAGS",
)
SET_BY_TRAIN = ("ONEDNN_MAX_CPU_ISA",)


def describe_machine() -> dict[str, Any]:
    """Return the facts about this machine, in values that JSON can hold."""
    build: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]
    simd = build.get("SIMD Extensions", {})
    return {
        "cpu": _cpu_name(),
        "cpu_features": [*simd.get("baseline", []), *simd.get("found", [])],
        "cpu_caches": [
            path.read_text().strip()
            for path in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"))
        ],
        "cpu_cores": os.cpu_count(),
        "gpus": [
            line.partition(":")[2].strip()
            for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
            for line in path.read_text().splitlines()
            if line.startswith("Model:")
        ],
        "system": f"{platform.system()} {platform.machine()}",
        "c_library": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "variables": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(VARIABLES) and name not in SET_BY_TRAIN
        },
    }


def compare(recorded: dict[str, Any], found: dict[str, Any], prefix: str = "") -> list[str]:
    """Return a line for each fact that differs; for CPU features, the lost and the added ones."""
    lines = []
    for key in sorted({*recorded, *found}):
        then, now = recorded.get(key), found.get(key)
        if isinstance(then, dict) and isinstance(now, dict):
            lines += compare(then, now, f"{prefix}{key}.")
        elif key == "cpu_features" and isinstance(then, list) and isinstance(now, list):
            lost, added = sorted({*then} - {*now}), sorted({*now} - {*then})
            lines += [f"{prefix}{key}: without {' '.join(lost)}"] if lost else []
            lines += [f"{prefix}{key}: also {' '.join(added)}"] if added else []
        elif then != now:
            lines.append(f"{prefix}{key}: {then} there, {now} here")
    return lines


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    for line in cpuinfo.read_text().splitlines() if cpuinfo.exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def describe_run() -> dict[str, Any]:
    """Return the content of machine.json: the facts of this machine, and of the run in dvc.lock."""
    train = load_section(Train, Path("params.yaml"))
    return {
        "lock_sha256": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "threads": train.threads,
        "instruction_set": train.instruction_set,
        **describe_machine(),
    }


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    if not MACHINE_FILE.exists():
        raise StageError(
            f"{MACHINE_FILE}: not found; type `git checkout {MACHINE_FILE}` to get it back"
        )
    lines = compare(read_json(MACHINE_FILE), describe_run())
    print("\n".join(lines) or "nothing that is known to matter differs from the recorded machine")


if __name__ == "__main__":
    run(main)
