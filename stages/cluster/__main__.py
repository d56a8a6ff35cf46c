"""The driver: `stages.cluster.launch` starts it and reads its messages, a JSON object per line.

{"rows": [...]} has the rows of all epochs so far; the last message is {"error": "..."},
{"os_error": [number, reason, path]} or {"finished": true}. What Ray prints goes to the log file.
"""

import argparse
import json
import os
import signal
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stages.__main__ import end_with_parent
from stages.cluster.driver import Driver
from stages.cluster.progress import Board
from stages.cluster.session import connected
from stages.shared.arrays import load_split
from stages.shared.cli import StageError, one_line
from stages.shared.dataset import DATASET_FILE, read_dataset
from stages.shared.params import load_section
from stages.training.checkpoint import CheckpointFolder
from stages.training.early_stopping import History
from stages.training.settings import Train

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    arguments = parse_arguments()
    handle_signals()
    threading.Thread(target=end_with_parent, args=(arguments.launcher,), daemon=True).start()
    messages = os.fdopen(arguments.messages, "w", buffering=1)
    os.set_inheritable(messages.fileno(), False)
    output = os.fdopen(os.dup(1), "w", buffering=1)
    log = os.open(arguments.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)

    def send(**message: Any) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # a line is sent whole
        print(json.dumps(message), file=messages)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def give_up(error: str) -> None:
        send(error=error)
        os._exit(1)

    try:
        train(arguments, Board(output), lambda rows: send(rows=rows), give_up)
    except StageError as error:
        traceback.print_exc()
        give_up(str(error))
    except OSError as error:
        traceback.print_exc()
        send(os_error=[error.errno, error.strerror or one_line(error), error.filename])
        os._exit(1)
    except Exception as error:
        traceback.print_exc()
        give_up(f"the driver of the cluster failed: {one_line(error)[:200]}; see {arguments.log}")
    except KeyboardInterrupt:
        os._exit(1)  # the launcher knows, as the signal came from there
    send(finished=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True, help='"local", or host:port')
    parser.add_argument("--messages", required=True, type=int, help="file descriptor")
    parser.add_argument("--launcher", required=True, type=int, help="its process identifier")
    for name, meaning in (
        ("checkpoints", "folder of the run's checkpoints"),
        ("log", "file for what Ray prints"),
        ("params", "parameter file"),
        ("processed", "folder with the arrays"),
    ):
        parser.add_argument(f"--{name}", required=True, type=Path, help=meaning)
    return parser.parse_args()


def train(
    arguments: argparse.Namespace,
    board: Board,
    report: Callable[[History], None],
    give_up: Callable[[str], None],
) -> None:
    """Train all networks into the checkpoints. Raises `StageError` and `KeyboardInterrupt`."""
    settings = load_section(Train, arguments.params)
    splits = [load_split(arguments.processed, split) for split in ("train", "validation")]
    num_classes = len(read_dataset(arguments.processed / DATASET_FILE).classes)
    folder = arguments.checkpoints
    # Ray would look for modules in the project's folder before it takes those it is given.
    os.chdir(folder)
    with connected(arguments.address, settings.threads, give_up):
        handle_signals()  # again: Ray has set handlers of its own
        checkpoints = CheckpointFolder(folder.parent, folder.name)
        Driver(settings, checkpoints, report, board).train(splits[0], splits[1], num_classes)


def handle_signals() -> None:
    for name in SIGNALS:
        signal.signal(name, interrupt)


def interrupt(*_: object) -> None:
    """Raise `KeyboardInterrupt` for the first signal, and ignore those that follow."""
    for name in SIGNALS:
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
