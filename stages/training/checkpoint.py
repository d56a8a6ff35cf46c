"""The state of a training run after each epoch, from which a killed run resumes exactly.

The states of a run are in a folder whose name is a hash of all that determines the run. Each state
is written whole, and the last two are kept: if the newer is damaged, the older is used. States are
not outputs of the pipeline; a run that succeeds removes its folder.
"""

import hashlib
import json
import shutil
import sys
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from stages.shared.cli import one_line
from stages.shared.files import DAMAGED_ZIP, replacing
from stages.training import machine
from stages.training.early_stopping import History

MAX_STATES = 2  # of each network; the older one replaces a damaged newer one
MAX_OTHER_RUNS = 5  # folders of unfinished runs


class State(NamedTuple):
    """The state of one network's training after an epoch."""

    history: History  # a row per finished epoch
    variables: list[NDArray[Any]]  # the flattened state tree of model and optimizer
    kept_weights: list[NDArray[Any]]


def run_key(parameters: dict[str, Any], files: Sequence[Path]) -> str:
    """Hash all that determines a training run: parameters, machine, and files of data and code."""
    facts = {
        "parameters": parameters,
        "machine": machine.describe_machine(),
        "files": [_digest(path) for path in files],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checkpoint_root(project: Path) -> Path:
    """Return the folder for the states of all runs: .checkpoints in the project.

    DVC runs queued and temporary experiments in copies of the project below .dvc/tmp/exps, which it
    deletes. Their states are in the project itself, where the next attempt finds them.
    """
    for folder in project.parents:
        if folder.parts[-3:] == (".dvc", "tmp", "exps"):
            return folder.parents[2] / ".checkpoints"
    return project / ".checkpoints"


class CheckpointFolder:
    """The states of one run, in `root`/`key`; as a context manager it locks out other processes."""

    def __init__(self, root: Path, key: str) -> None:
        self.key = key
        self.folder = root / key
        self._lock = _lock(self.folder)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            print("another process trains with these parameters, code and data: waiting for it")
            self._lock.acquire()
        self._prune()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def save(self, state: State, index: int = 0) -> None:
        """Write the state of network `index`, from 0, after `len(state.history)` epochs.

        All but the network's last two states are removed.
        """
        header = {
            "key": self.key,
            "network": index,
            "history": state.history,
            "variables": len(state.variables),
            "arrays": len(state.variables) + len(state.kept_weights),
        }
        arrays = [*state.variables, *state.kept_weights]
        with replacing(self._path(index, len(state.history))) as file:
            np.savez(file, np.frombuffer(json.dumps(header).encode(), np.uint8), *arrays)
        for old in self._states(index)[MAX_STATES:]:
            old.unlink()

    def load(self, index: int = 0) -> State | None:
        """Return the newest undamaged state of network `index` in this run, None if there is none.

        Prints one line on stderr for each state that is skipped.
        """
        for path in self._states(index):
            try:
                return self._read(path, index)
            except DAMAGED_ZIP as error:
                print(f"{path}: skipped, no state of this run: {one_line(error)}", file=sys.stderr)
        return None

    def remove(self) -> None:
        """Remove the states of this run."""
        _remove(self.folder)

    def _prune(self) -> None:
        """Remove the states of other unfinished runs, but for the newest runs."""
        with suppress(FileNotFoundError):  # another process may remove them too
            others = [path for path in self.folder.parent.iterdir() if path.is_dir()]
            others.remove(self.folder)
            for old in sorted(others, key=lambda path: path.stat().st_mtime)[:-MAX_OTHER_RUNS]:
                with suppress(Timeout), _lock(old).acquire(blocking=False):
                    _remove(old)

    def _path(self, index: int, epoch: int) -> Path:
        return self.folder / f"network-{index}-epoch-{epoch:05}.npz"

    def _states(self, index: int) -> list[Path]:
        return sorted(self.folder.glob(f"network-{index}-epoch-*.npz"), reverse=True)

    def _read(self, path: Path, index: int) -> State:
        with zipfile.ZipFile(path) as archive:
            if part := archive.testzip():  # NumPy checks a part only if it reads all of it
                raise ValueError(f"the checksum of its part {part} is wrong")
        with np.load(path, allow_pickle=False) as arrays:
            header = json.loads(arrays["arr_0"].tobytes())
            names = [f"arr_{index}" for index in range(1, header["arrays"] + 1)]
            if arrays.files != ["arr_0", *names]:  # the directory of a zip file has no checksum
                raise ValueError(f"found the arrays {', '.join(arrays.files)}")
            rest = [arrays[name] for name in names]
        if header["key"] != self.key:
            raise ValueError("it belongs to a run with other parameters, data or code")
        if header["network"] != index:
            raise ValueError("it belongs to another network of this run")
        count = header["variables"]
        return State(header["history"], rest[:count], rest[count:])


def _lock(folder: Path) -> FileLock:
    # Beside the folder, because the folder is removed while the lock is held. The system releases
    # the lock when its process ends, also after a kill.
    return FileLock(folder.with_suffix(".lock"))


def _remove(folder: Path) -> None:
    """Remove a folder of states and its lock, which must be held."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(".lock").unlink(missing_ok=True)
