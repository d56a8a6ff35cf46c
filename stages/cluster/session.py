"""The connection to a Ray cluster, or a cluster of this machine for one run."""

import os
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import ray

from stages.cluster.address import LOCAL
from stages.cluster.facts import CODE
from stages.shared.cli import StageError, one_line

PATIENCE = 60.0  # seconds to connect


@contextmanager
def connected(address: str, places: int, give_up: Callable[[str], None]) -> Iterator[None]:
    """Connect to the cluster at host:port, or start one here.

    A cluster here has a place for each CPU, at least `places`. All nodes get the code of the
    stages. Calls `give_up` with the reason if no connection is there after `PATIENCE`. Raises
    `StageError` if the cluster refuses this driver.
    """
    with _started_here(places) if address == LOCAL else _known(address) as options:
        watch = threading.Timer(
            PATIENCE, give_up, [f"no Ray cluster answers at RAY_ADDRESS={address}"]
        )
        watch.daemon = True
        watch.start()
        try:
            ray.init(
                **options,
                log_to_driver=False,
                runtime_env={"py_modules": [str(CODE.resolve())]},
            )
        except Exception as error:  # Ray raises many kinds, with long texts
            raise StageError(
                f"cannot use the Ray cluster at RAY_ADDRESS={address}: {_reason(error)}"
            ) from error
        finally:
            watch.cancel()
        try:
            yield
        finally:
            with suppress(Exception):
                ray.shutdown()


def _reason(error: Exception) -> str:
    """Put into words why Ray did not connect."""
    # Ray raises a plain error that quotes the one about the token.
    if "AuthenticationError" in "".join(traceback.format_exception(error)):
        return (
            "the token is missing or wrong; expected that of the cluster in ~/.ray/auth_token "
            "or in the variable RAY_AUTH_TOKEN"
        )
    return one_line(error)[:200]


@contextmanager
def _known(address: str) -> Iterator[dict[str, Any]]:
    yield {"address": address}


@contextmanager
def _started_here(places: int) -> Iterator[dict[str, Any]]:
    # Not below TMPDIR: the paths of Ray's sockets must be short.
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    command = [sys.executable, "-m", "stages.cluster.guard", folder]
    environment = os.environ | {"PYTHONPATH": str(CODE.resolve().parent)}
    guard = subprocess.Popen(  # noqa: S603 - this program's own module
        command, stdin=subprocess.PIPE, start_new_session=True, env=environment
    )
    options = {"num_cpus": places} if places > (os.cpu_count() or 1) else {}
    try:
        yield {
            "address": LOCAL,
            "include_dashboard": False,
            "_node_name": "this machine",
            "_temp_dir": folder,
            **options,
        }
    finally:
        assert guard.stdin  # noqa: S101 - for the type checker
        guard.stdin.close()
        guard.wait()
