"""Whether a node computes the same bytes as this machine."""

import hashlib
import os
from pathlib import Path
from typing import Any

from stages.training.machine import compare, describe_machine
from stages.training.settings import InstructionSet

# These facts can change a result; another CPU kind can only with the instruction set "native".
DECISIVE = ("code", "system", "c_library", "python", "packages", "variables", "gpus")
CPU = ("cpu", "cpu_features", "cpu_caches")
CODE = Path(__file__).parents[1]

Facts = dict[str, Any]


def describe_node() -> Facts:
    """Return the facts about this machine, its environment, and the code of the stages on it."""
    digest = hashlib.sha256()
    for path in sorted(CODE.rglob("*.py")):
        digest.update(path.read_bytes())
    return {"code": digest.hexdigest()[:8], **describe_machine()}


def set_omp_threads(value: str | None) -> None:
    """Set OMP_NUM_THREADS as on the driver's machine: Ray sets it to the CPUs of a task."""
    os.environ.pop("OMP_NUM_THREADS", None)
    if value is not None:
        os.environ["OMP_NUM_THREADS"] = value


def differences(
    node: Facts, here: Facts, instruction_set: InstructionSet
) -> tuple[list[str], list[str]]:
    """Return what keeps a node from work, and what is only worth a note, a line for each fact."""
    decisive = DECISIVE + (CPU if instruction_set == "native" else ())
    noted = () if instruction_set == "native" else CPU
    return _compare(node, here, decisive), _compare(node, here, noted)


def _compare(node: Facts, here: Facts, names: tuple[str, ...]) -> list[str]:
    return compare({name: node[name] for name in names}, {name: here[name] for name in names})
