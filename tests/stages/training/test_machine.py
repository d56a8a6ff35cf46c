import hashlib
import json

import pytest

from stages.training.machine import compare, describe_machine
from tests.conftest import PROJECT, versions


def test_the_same_machine_does_not_differ() -> None:
    """A description has no difference from its own copy in JSON."""
    assert compare(json.loads(json.dumps(describe_machine())), describe_machine()) == []


def test_differences_by_hand() -> None:
    """Each changed version, and each added or missing CPU feature, is one line."""
    there = {"packages": {"keras": "1", "numpy": "2"}, "cpu_features": ["A", "B"], "threads": 2}
    here = {"packages": {"keras": "1", "numpy": "3"}, "cpu_features": ["A", "C"], "threads": 2}
    assert compare(there, here) == [
        "cpu_features: without B",
        "cpu_features: also C",
        "packages.numpy: 2 there, 3 here",
    ]


def test_environment_variables_are_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """The description has the environment variables that change the kernels."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = describe_machine()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert compare(before, describe_machine()) == ["variables.OMP_NUM_THREADS: None there, 3 here"]


def test_the_record_belongs_to_the_lock() -> None:
    """machine.json describes the run that wrote dvc.lock."""
    recorded = json.loads((PROJECT / "machine.json").read_text())["lock_sha256"]
    locks = [hashlib.sha256(content).hexdigest() for content in versions("dvc.lock")]
    assert recorded in locks, "machine.json describes another run: type `make record`"
