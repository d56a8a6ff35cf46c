"""Train the networks of a run on a Ray cluster before the stage looks for their checkpoints.

Ray runs in a process of its own, the driver: it ends its process when the cluster is lost, sets
variables, and prints. This process passes signals on to the driver, and writes what it reports.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO

from stages.cluster.address import LOCAL, check_address
from stages.shared.cli import StageError
from stages.shared.params import load_section
from stages.train import open_checkpoints, report_to
from stages.training.checkpoint import CheckpointFolder
from stages.training.early_stopping import is_finished
from stages.training.settings import Train
from stages.training.trainer import Report

VARIABLE = "RAY_ADDRESS"
LOG = "ray.log"  # beside the checkpoints
GRACE = 20.0  # seconds for the driver to end its tasks after a signal


def fill_checkpoints(environment: dict[str, str], paths: Namespace) -> None:
    """Train all networks on the cluster that RAY_ADDRESS names, into the checkpoints of this run.

    `environment` is that in which the stage was started; the driver runs in it. `paths` has the
    attributes params, processed, history and progress, as the stage takes them.
    Raises `StageError` if Ray is not installed, if the cluster cannot be used, and for every error
    of a training.
    """
    address = environment[VARIABLE]
    settings = load_section(Train, paths.params)
    with open_checkpoints(settings, paths.processed) as checkpoints:
        if all(_is_finished(checkpoints, index, settings) for index in range(settings.networks)):
            return
        check_address(address)
        if find_spec("ray") is None:
            raise StageError(
                f"found {VARIABLE}={address}, but Ray is not installed: type `pip install -r "
                f"requirements-cluster.txt`, or unset {VARIABLE} to train here"
            )
        folder = checkpoints.folder.resolve()
        command = [sys.executable, "-m", "stages.cluster", "--address", address]
        command += ["--checkpoints", str(folder), "--log", str(folder / LOG)]
        command += ["--params", str(paths.params.resolve())]
        command += ["--processed", str(paths.processed.resolve())]
        report = report_to(paths.history, paths.progress)
        run_driver(command, _settings(address) | environment, report)


def _is_finished(checkpoints: CheckpointFolder, index: int, settings: Train) -> bool:
    state = checkpoints.load(index)
    return state is not None and is_finished(
        state.history, settings.epochs, settings.early_stopping
    )


def run_driver(command: list[str], environment: dict[str, str], report: Report) -> None:
    """Run the driver to its end, and report the rows that it sends.

    It writes a JSON object per line to the file descriptor that its option `--messages` names.
    Raises `StageError` with the error that it sends, or if it ends without a last message.
    """
    reading, writing = os.pipe()
    command += ["--messages", str(writing)]
    with (
        open(reading) as messages,  # noqa: PTH123 - a descriptor
        subprocess.Popen(command, env=environment, pass_fds=[writing]) as driver,  # noqa: S603
        _passing_signals_on(driver),
    ):
        os.close(writing)
        ended = _follow(messages, report)
    if not ended:
        log = command[command.index("--log") + 1]
        raise StageError(
            f"the connection to the Ray cluster was lost, see {log}; the states of finished epochs "
            "are kept: type the same command again to go on after them"
        )


def _follow(messages: IO[str], report: Report) -> bool:
    """Report rows until the driver ends; return whether it said that it had finished."""
    ended = False
    for line in messages:
        message = json.loads(line)
        if "error" in message:
            raise StageError(message["error"])
        if "os_error" in message:
            raise OSError(*message["os_error"])
        if "rows" in message:
            report(message["rows"])
        ended = "finished" in message
    return ended


@contextmanager
def _passing_signals_on(driver: subprocess.Popen[bytes]) -> Iterator[None]:
    """Pass Ctrl-C and SIGTERM on to the driver, which ends its tasks; kill it if it hangs."""

    def pass_on(*_: object) -> None:
        driver.send_signal(signal.SIGTERM)
        killing = threading.Timer(GRACE, driver.kill)
        killing.daemon = True
        killing.start()

    before = {name: signal.signal(name, pass_on) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        driver.wait()
        for name, handler in before.items():
            signal.signal(name, handler)


def _settings(address: str) -> dict[str, str]:
    """Return the variables that set Ray up, where the user has not set them."""
    settings = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token"}
    if address == LOCAL:  # else Ray would write a token to the home folder
        settings["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    return settings
