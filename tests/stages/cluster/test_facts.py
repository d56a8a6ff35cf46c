import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from stages.cluster import facts
from stages.cluster.facts import describe_node, differences, set_omp_threads
from stages.training.machine import describe_machine
from tests.conftest import PROJECT

HERE: dict[str, Any] = {
    "code": "c0de",
    "system": "Linux x86_64",
    "c_library": "glibc 2.36",
    "python": "3.11.7",
    "packages": {"pandas": "3.1.1", "numpy": "2.4.6"},
    "variables": {"TF_ENABLE_ONEDNN_OPTS": "1"},
    "gpus": [],
    "cpu": "AMD EPYC",
    "cpu_features": ["AVX2", "SSE"],
    "cpu_caches": ["32K"],
    "cpu_cores": 2,
}


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"code": "beef"}, "code: beef there, c0de here"),
        ({"python": "3.11.2"}, "python: 3.11.2 there, 3.11.7 here"),
        ({"c_library": "glibc 2.31"}, "c_library: glibc 2.31 there, glibc 2.36 here"),
        (
            {"packages": {"pandas": "3.1.0", "numpy": "2.4.6"}},
            "packages.pandas: 3.1.0 there, 3.1.1 here",
        ),
        ({"variables": {}}, "variables.TF_ENABLE_ONEDNN_OPTS: None there, 1 here"),
        ({"gpus": ["A100"]}, "gpus: ['A100'] there, [] here"),
    ],
)
def test_a_node_that_may_compute_something_else_is_refused(
    changed: dict[str, Any], line: str
) -> None:
    """Each of these facts keeps a node from work, with one line that names it."""
    assert differences(HERE | changed, HERE, "avx2") == ([line], [])


def test_another_cpu_matters_to_native_kernels_alone() -> None:
    """With "avx2" another CPU is noted, with "native" it is refused; cores never matter."""
    node = HERE | {"cpu": "Intel Xeon", "cpu_cores": 64}
    line = "cpu: Intel Xeon there, AMD EPYC here"
    assert differences(node, HERE, "avx2") == ([], [line])
    assert differences(node, HERE, "native") == ([line], [])


def test_this_machine_is_like_itself() -> None:
    """A description has every fact that is compared, and does not change."""
    assert differences(describe_node(), describe_node(), "native") == ([], [])


def test_a_node_is_described_by_its_machine_and_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code is eight digits of the hash of all its files, one after the other."""
    assert facts.CODE == PROJECT / "stages"
    for name, content in {"b/c.py": "two", "a.py": "one", "b/d.txt": "no code"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(facts, "CODE", tmp_path)
    code = hashlib.sha256(b"onetwo").hexdigest()[:8]
    assert describe_node() == {"code": code, **describe_machine()}


@pytest.mark.parametrize("before", [None, "7"])
@pytest.mark.parametrize("value", [None, "3"])
def test_threads_of_openmp_are_those_of_the_driver(
    value: str | None, before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Ray sets is replaced by what the driver has, also by nothing."""
    monkeypatch.setenv("OMP_NUM_THREADS", before or "")
    if before is None:
        del os.environ["OMP_NUM_THREADS"]
    set_omp_threads(value)
    assert os.environ.get("OMP_NUM_THREADS") == value
