"""Train the networks of a run on a Ray cluster before the stage looks for their checkpoints.

Ray runs in a process of its own, the driver: it ends its process when the cluster is lost, sets
variables, and prints. This process passes signals on to the driver, and writes what it reports.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO

from filelock import FileLock

from stages.cluster.address import check_address, token_settings
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


@contextmanager
def filled_checkpoints(environment: dict[str, str], paths: Namespace) -> Iterator[None]:
    """Train all networks on the cluster that RAY_ADDRESS names, into the checkpoints of this run.

    `environment` is that in which the stage was started; the driver runs in it. `paths` has the
    attributes params, processed, history and progress, as the stage takes them. The block, in which
    the stage takes the states from the checkpoints, is run by one process at a time.
    Raises `StageError` if Ray is not installed, if the cluster cannot be used, and for every error
    of a training.
    """
    settings = load_section(Train, paths.params)
    checkpoints = open_checkpoints(settings, paths.processed)
    path = checkpoints.folder.with_suffix(".cluster")
    path.parent.mkdir(exist_ok=True)
    with FileLock(path):
        with checkpoints:
            if not all(
                _finished(checkpoints, index, settings) for index in range(settings.networks)
            ):
                _fill(checkpoints, settings, environment, paths)
        yield
        path.unlink(missing_ok=True)


def _finished(checkpoints: CheckpointFolder, index: int, settings: Train) -> bool:
    state = checkpoints.load(index)
    history = state.history if state else []
    return is_finished(history, settings.epochs, settings.early_stopping)


def _fill(
    checkpoints: CheckpointFolder, settings: Train, environment: dict[str, str], paths: Namespace
) -> None:
    address = environment[VARIABLE]
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
    run_driver(command, token_settings(address) | environment, report)


def run_driver(command: list[str], environment: dict[str, str], report: Report) -> None:
    """Run the driver to its end, and report the rows that it sends.

    It writes a JSON object per line to the file descriptor that its option `--messages` names.
    Ctrl-C and SIGTERM are passed on to it, so that it ends its tasks.
    Raises `StageError` with the error that it sends, after a signal, and if it ends without a last
    message.
    """
    reading, writing = os.pipe()
    command += ["--messages", str(writing), "--launcher", str(os.getpid())]
    received: list[int] = []
    driver = subprocess.Popen(  # noqa: S603 - this program's own module
        command,
        env=environment,
        pass_fds=[writing],
        process_group=0,  # Ctrl-C comes from here, when the driver is ready for it
    )
    os.close(writing)

    def end(number: int = 0, _: object = None) -> None:
        received.append(number)
        driver.terminate()
        killing = threading.Timer(GRACE, driver.kill)
        killing.daemon = True
        killing.start()

    before = {name: signal.signal(name, end) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        with open(reading) as messages:  # noqa: PTH123 - a descriptor
            finished = _follow(messages, report)
    except BaseException:
        end()
        raise
    finally:
        driver.wait()
        for name, handler in before.items():
            signal.signal(name, handler)
    if any(received):
        raise StageError(
            "interrupted; the states of finished epochs are kept: type the same command again, "
            "such as `dvc repro`, to go on after them"
        )
    if not finished:
        log = command[command.index("--log") + 1]
        raise StageError(
            f"the connection to the Ray cluster was lost, see {log}; the states of finished epochs "
            "are kept: type the same command again to go on after them"
        )


def _follow(messages: IO[str], report: Report) -> bool:
    """Report rows until the driver ends; return whether it said that it had finished.

    Raises the error that it sends.
    """
    finished = False
    for line in messages:
        if not line.endswith("\n"):  # the driver was killed while it wrote
            return False
        message = json.loads(line)
        if "error" in message:
            raise StageError(message["error"])
        if "os_error" in message:
            raise OSError(*message["os_error"])
        if "rows" in message:
            report(message["rows"])
        finished = "finished" in message
    return finished
