import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")

import ray

from stages.cluster.session import connected
from stages.shared.cli import StageError
from tests.conftest import PROJECT


class Ray:
    """Records how Ray is started and shut down, and what watches and guards it."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.events: list[str] = []
        self.watches: list[tuple[float, Any, list[str], bool]] = []
        self.guards: list[tuple[list[str], dict[str, Any]]] = []
        self.error: Exception | None = None

    def init(self, **options: Any) -> None:
        self.options = options
        self.events.append("connect")
        if self.error:
            raise self.error

    def shutdown(self) -> None:
        self.events.append("shut down")
        raise ConnectionError("the cluster is gone")  # which is not worth a word

    def timer(self, seconds: float, function: Any, arguments: list[str]) -> Any:
        timer = SimpleNamespace(cancel=lambda: self.events.append("cancel"))
        timer.start = lambda: self.watches.append((seconds, function, arguments, timer.daemon))
        return timer

    def popen(self, command: list[str], **options: Any) -> Any:
        self.guards.append((command, options))
        close = SimpleNamespace(close=lambda: self.events.append("close"))
        return SimpleNamespace(stdin=close, wait=lambda: self.events.append("wait"))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Ray:
    """Give a Ray that only records what it is asked."""
    fake = Ray()
    monkeypatch.setattr(ray, "init", fake.init)
    monkeypatch.setattr(ray, "shutdown", fake.shutdown)
    monkeypatch.setattr(threading, "Timer", fake.timer)
    monkeypatch.setattr(subprocess, "Popen", fake.popen)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    return fake


def test_a_cluster_that_is_there(fake: Ray) -> None:
    """It gets the code of the stages; without a connection the driver gives up after a minute."""
    with connected("head:6379", 9, print):
        fake.events.append("train")
    assert fake.options == {
        "address": "head:6379",
        "log_to_driver": False,
        "runtime_env": {"py_modules": [str(PROJECT / "stages")]},
    }
    assert fake.watches == [
        (60.0, print, ["no Ray cluster answers at RAY_ADDRESS=head:6379"], True)
    ]
    assert fake.events == ["connect", "cancel", "train", "shut down"]
    assert fake.guards == []


@pytest.mark.parametrize(("places", "more"), [(1, {}), (4, {}), (5, {"num_cpus": 5})])
def test_a_cluster_of_this_machine(fake: Ray, places: int, more: dict[str, int]) -> None:
    """It has a place for each CPU, or more where a training has more threads; a guard ends it."""
    with connected("local", places, print):
        folder = fake.options.pop("_temp_dir")
        assert Path(folder).is_dir()
    Path(folder).rmdir()  # else the guard's work
    assert folder.startswith("/tmp/ray-")
    assert fake.options == {
        "address": "local",
        "include_dashboard": False,
        "_node_name": "this machine",
        "log_to_driver": False,
        "runtime_env": {"py_modules": [str(PROJECT / "stages")]},
        **more,
    }
    assert fake.events == ["connect", "cancel", "shut down", "close", "wait"]
    ((command, options),) = fake.guards
    assert command == [sys.executable, "-m", "stages.cluster.guard", folder]
    assert options.pop("env") == os.environ | {"PYTHONPATH": str(PROJECT)}
    # A signal for the driver's group must not reach it.
    assert options == {"stdin": subprocess.PIPE, "start_new_session": True}


def quoting() -> Exception:
    """Return Ray's error about a token: a plain one that quotes another."""
    error = RuntimeError("cannot connect")
    error.__cause__ = type("AuthenticationError", (Exception,), {})("bad token")
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            quoting(),
            "the token is missing or wrong; expected that of the cluster in ~/.ray/auth_token "
            "or in the variable RAY_AUTH_TOKEN",
        ),
        (RuntimeError("version\n" + "x" * 300), f"version {'x' * 192}"),
    ],
)
def test_a_cluster_that_refuses(fake: Ray, error: Exception, reason: str) -> None:
    """One line says why, and nothing watches the connection any more."""
    fake.error = error
    with pytest.raises(StageError) as found, connected("head:6379", 1, print):
        pytest.fail("it is not connected")
    assert str(found.value) == f"cannot use the Ray cluster at RAY_ADDRESS=head:6379: {reason}"
    assert fake.events == ["connect", "cancel"]
