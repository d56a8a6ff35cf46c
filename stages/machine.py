"""What of a machine can change the bytes of a run: CPU, caches, libraries, environment.

`python -m stages.machine` tells in what this machine differs from the one that dvc.lock was made
on; `--record` writes down this one, after a full run. The record is machine.json, which no stage
reads: another machine that gets the same bytes leaves dvc.lock as it is.
"""

import argparse
import hashlib
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from stages import params
from stages.command import StageError, run
from stages.files import read_json, write_json

RECORD, LOCK = Path("machine.json"), Path("dvc.lock")
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
# The beginnings of environment variables that steer the libraries' choice of kernels.
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
OWN_VARIABLES = ("ONEDNN_MAX_CPU_ISA",)  # set by train.instruction_set


def facts() -> dict[str, Any]:
    """Return what this machine is, flat but for lists and names with versions."""
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
            if name.startswith(VARIABLES) and name not in OWN_VARIABLES
        },
    }


def differences(recorded: dict[str, Any], found: dict[str, Any], prefix: str = "") -> list[str]:
    """Return a line for each fact that is not the same, lists by what was added and lost."""
    lines = []
    for key in sorted({*recorded, *found}):
        then, now = recorded.get(key), found.get(key)
        if isinstance(then, dict) and isinstance(now, dict):
            lines += differences(then, now, f"{prefix}{key}.")
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--record", action="store_true", help="write this machine down")
    record = parser.parse_args().record
    train = params.load(params.Train, Path("params.yaml"))
    here = {
        "lock_sha256": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "threads": train.threads,
        "instruction_set": train.instruction_set,
        **facts(),
    }
    if record:
        write_json(RECORD, here)
        return
    if not RECORD.exists():
        raise StageError(f"{RECORD}: not found; type `git checkout {RECORD}` to get it back")
    lines = differences(read_json(RECORD), here)
    print("\n".join(lines) or "nothing that is known to matter differs from the recorded machine")


if __name__ == "__main__":
    run(main)
