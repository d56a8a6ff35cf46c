import hashlib
import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from stages.shared.cli import StageError
from stages.training import machine
from stages.training.machine import compare, describe_machine, describe_run
from tests.conftest import PROJECT, versions

# What a system says of itself, in files below its root.
FILES = {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Zilog Z80: a test\nmodel name\t: another\n",
    "sys/devices/system/cpu/cpu0/cache/index0/size": "48K\n",
    "sys/devices/system/cpu/cpu0/cache/index1/size": "32K\n",
    "sys/devices/system/cpu/cpu0/cache/index0/type": "Data\n",
    "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t A100: a test\nIRQ: 9\n",
    "proc/driver/nvidia/gpus/0000:02:00.0/information": "Model: \t H100\n",
}
# One for each library, and one that a cluster sets by itself.
VARIABLES = {
    "CUDA_VISIBLE_DEVICES": "0",
    "DNNL_DEFAULT_FPMATH_MODE": "STRICT",
    "KMP_AFFINITY": "none",
    "MKL_NUM_THREADS": "1",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F",
    "NVIDIA_TF32_OVERRIDE": "0",
    "OMP_NUM_THREADS": "3",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "0",
    "OPENBLAS_CORETYPE": "Haswell",
    "TF_CUDNN_DETERMINISTIC": "1",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_NUM_INTRAOP_THREADS": "2",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=0",
    "XLA_FLAGS": "--xla_cpu_enable_fast_math=false",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the root of the file system that the module sees, which is empty."""
    monkeypatch.setattr(machine, "Path", lambda path: tmp_path / path.lstrip("/"))
    return tmp_path


def numpy_finds(monkeypatch: pytest.MonkeyPatch, build: dict[str, Any]) -> None:
    """Let NumPy describe its build and the processor so."""

    def show_config(mode: str) -> dict[str, Any]:
        assert mode == "dicts"
        return build

    monkeypatch.setattr(np, "show_config", show_config)


def test_all_that_can_change_a_byte_is_described(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole description of a machine that is made by hand, with caches and GPUs in order."""
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    simd = {"baseline": ["SSE", "SSE2"], "found": ["AVX2"], "not found": ["AVX512"]}
    numpy_finds(monkeypatch, {"Compilers": {}, "SIMD Extensions": simd})
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "z80")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr(platform, "python_version", lambda: "3.11.7")
    monkeypatch.setattr(metadata, "version", lambda name: f"of {name}")
    others = {"HOME": "/root", "RAY_ADDRESS": "local", "MY_OMP_THREADS": "1"}
    # A training sets this one itself.
    others |= {"ONEDNN_MAX_CPU_ISA": "SSE41"}
    monkeypatch.setattr(os, "environ", dict(reversed(VARIABLES.items())) | others)
    description = describe_machine()
    packages = description.pop("packages")
    assert packages == {name: f"of {name}" for name in packages}
    assert list(description.pop("variables").items()) == list(VARIABLES.items())
    assert description == {
        "cpu": "Zilog Z80: a test",
        "cpu_features": ["SSE", "SSE2", "AVX2"],
        "cpu_caches": ["48K", "32K"],
        "cpu_cores": 7,
        "gpus": ["A100: a test", "H100"],
        "system": "Linux z80",
        "c_library": "glibc 2.36",
        "python": "3.11.7",
    }


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("build", [{}, {"SIMD Extensions": {}}])
def test_a_system_that_says_little_of_itself(
    build: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Linux's files the CPU is Python's word for it; what nobody tells is empty."""
    numpy_finds(monkeypatch, build)
    monkeypatch.setattr(platform, "processor", lambda: "arm")
    description = describe_machine()
    assert description["cpu"] == "arm"
    empty = ("cpu_features", "cpu_caches", "gpus")
    assert [description[key] for key in empty] == [[], [], []]


def test_the_same_machine_does_not_differ() -> None:
    """A description has no difference from its own copy in JSON."""
    assert compare(json.loads(json.dumps(describe_machine())), describe_machine()) == []


def test_differences_by_hand() -> None:
    """Each changed version, and each added or missing CPU feature, is one line."""
    there = {
        "cores": 2,
        "cpu_features": ["A", "B", "D"],
        "packages": {"keras": "1", "numpy": "2"},
        "threads": 2,
        "variables": {"cpu_features": ["E"], "gpus": ["F"]},
    }
    here = {
        "cores": 4,
        "cpu_features": ["A", "H", "C"],
        "packages": {"keras": "1", "numpy": "3"},
        "threads": 2,
        "variables": {"cpu_features": ["E", "G"], "gpus": []},
    }
    assert compare(there, here) == [
        "cores: 2 there, 4 here",
        "cpu_features: without B D",
        "cpu_features: also C H",
        "packages.numpy: 2 there, 3 here",
        "variables.cpu_features: also G",
        "variables.gpus: ['F'] there, [] here",
    ]
    # A record that was made without them is compared as a whole.
    assert compare({"cpu_features": None}, {"cpu_features": ["A"]}) == [
        "cpu_features: None there, ['A'] here"
    ]
    assert compare({"cpu_features": ["A"]}, {}) == ["cpu_features: ['A'] there, None here"]
    assert compare({"packages": {}}, {}) == ["packages: {} there, None here"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of a project that has been run, in which the module is called."""
    params = yaml.safe_load((PROJECT / "params.yaml").read_text())
    params["train"] |= {"threads": 3, "instruction_set": "native"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / "dvc.lock").write_bytes(b"abc")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stages.training.machine"])
    return tmp_path


@pytest.mark.usefixtures("project")
def test_a_run_is_described_by_its_lock_and_its_machine() -> None:
    """The facts that the record adds to those of the machine; the hash is FIPS 180's example."""
    assert describe_run() == {
        "lock_sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "threads": 3,
        "instruction_set": "native",
        **describe_machine(),
    }


def test_what_is_printed_of_the_recorded_machine(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each difference, one line if there is none, and what to do without a record."""
    with pytest.raises(StageError) as error:
        machine.main()
    assert str(error.value) == (
        "machine.json: not found; type `git checkout machine.json` to get it back"
    )
    run = describe_run()
    (project / "machine.json").write_text(json.dumps(run))
    machine.main()
    assert capsys.readouterr().out == (
        "nothing that is known to matter differs from the recorded machine\n"
    )
    (project / "machine.json").write_text(json.dumps(run | {"cpu_cores": 99, "threads": 4}))
    machine.main()
    assert capsys.readouterr().out == (
        f"cpu_cores: 99 there, {run['cpu_cores']} here\nthreads: 4 there, 3 here\n"
    )


def test_the_record_belongs_to_the_lock() -> None:
    """machine.json describes the run that wrote dvc.lock."""
    recorded = json.loads((PROJECT / "machine.json").read_text())["lock_sha256"]
    locks = [hashlib.sha256(content).hexdigest() for content in versions("dvc.lock")]
    assert recorded in locks, "machine.json describes another run: type `make record`"


@pytest.mark.usefixtures("project")
def test_the_record_has_every_fact() -> None:
    """A fact or a package that is no longer described would never be seen to differ."""
    recorded, described = json.loads((PROJECT / "machine.json").read_text()), describe_run()
    assert list(recorded) == list(described)
    assert list(recorded["packages"]) == list(described["packages"])
