import hashlib
import json

import pytest

from stages.machine import differences, facts
from tests.conftest import committed


def test_the_same_machine_does_not_differ() -> None:
    """What was just read, also by way of JSON, has no difference."""
    assert differences(json.loads(json.dumps(facts())), facts()) == []


def test_differences_by_hand() -> None:
    """Versions by name, CPU features by what is gained and lost."""
    there = {"packages": {"keras": "1", "numpy": "2"}, "cpu_features": ["A", "B"], "threads": 2}
    here = {"packages": {"keras": "1", "numpy": "3"}, "cpu_features": ["A", "C"], "threads": 2}
    assert differences(there, here) == [
        "cpu_features: without B",
        "cpu_features: also C",
        "packages.numpy: 2 there, 3 here",
    ]


def test_steering_variables_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that changes the kernels' choice is a fact of the machine."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = facts()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert differences(before, facts()) == ["variables.OMP_NUM_THREADS: None there, 3 here"]


def test_the_record_belongs_to_the_lock() -> None:
    """machine.json was written for the dvc.lock that is committed, whatever has run since."""
    record = json.loads(committed("machine.json"))
    assert record["lock_sha256"] == hashlib.sha256(committed("dvc.lock")).hexdigest()
