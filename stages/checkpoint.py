"""What a training run must remember to go on exactly where it stopped.

A run's states lie in a folder named by a key, the hash of all that determines the run. A state is
written whole after every epoch, and the last two are kept: should the newer be damaged, the older
serves. Nothing here is an output of the pipeline; the folder is removed when the run has succeeded.
"""

import hashlib
import io
import json
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from stages import machine
from stages.files import replacing

FORMAT = b"training state, format 1\n"
GENERATIONS = 2
RUNS_KEPT = 5  # folders of runs that were given up
DIGEST_SIZE = 32  # bytes


class State(NamedTuple):
    """A run after some epoch."""

    history: list[dict[str, float]]  # a row per finished epoch
    variables: list[NDArray[Any]]  # the model's whole state tree, flattened
    kept_weights: list[NDArray[Any]]


class DamagedStateError(ValueError):
    """A file is no state of this run, whole as it was written."""


def run_key(parameters: dict[str, Any], files: Sequence[Path]) -> str:
    """Hash all that determines a training run: parameters, machine, and files of data and code."""
    facts = {
        "parameters": parameters,
        "machine": machine.facts(),
        "files": [_digest(path) for path in files],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checkpoint_root(project: Path) -> Path:
    """Return the folder for all runs' states: .checkpoints in the project.

    DVC runs queued and temporary experiments in throw-away copies of the project, below
    .dvc/tmp/exps; their states are kept with the project itself, where the next try finds them.
    """
    for folder in project.parents:
        if folder.parts[-3:] == (".dvc", "tmp", "exps"):
            return folder.parents[2] / ".checkpoints"
    return project / ".checkpoints"


class CheckpointFolder:
    """The states of one run, in `root`/`key`; as a context, no other process has it open."""

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

    def save(self, state: State, network: int = 0) -> None:
        """Write the state after `len(state.history)` epochs and drop all but the last two.

        A run that trains several networks has states for each, by its number.
        """
        epoch = len(state.history)
        payload = io.BytesIO()
        header = {
            "key": self.key,
            "network": network,
            "history": state.history,
            "variables": len(state.variables),
        }
        np.savez(
            payload,
            np.frombuffer(json.dumps(header).encode(), np.uint8),
            *state.variables,
            *state.kept_weights,
        )
        content = payload.getvalue()
        with replacing(self.folder / f"network-{network}-epoch-{epoch:05}.state") as file:
            file.write(FORMAT + hashlib.sha256(content).digest() + content)
        for old in self._states(network)[GENERATIONS:]:
            old.unlink()

    def load(self, network: int = 0) -> State | None:
        """Return a network's newest whole state in this run, None if there is none.

        Says on stderr of each damaged one what is wrong with it, and passes it over.
        """
        for path in self._states(network):
            try:
                return self._read(path, network)
            except DamagedStateError as error:
                print(f"{path}: {error}: passing it over", file=sys.stderr)
        return None

    def remove(self) -> None:
        """Remove the states of this run, which has succeeded."""
        _remove(self.folder)

    def _prune(self) -> None:
        """Remove the states of runs that were given up, but for the youngest."""
        with suppress(FileNotFoundError):  # another process may do the same
            others = [path for path in self.folder.parent.iterdir() if path.is_dir()]
            others.remove(self.folder)
            for old in sorted(others, key=lambda path: path.stat().st_mtime)[:-RUNS_KEPT]:
                with suppress(Timeout), _lock(old).acquire(blocking=False):
                    _remove(old)

    def _states(self, network: int) -> list[Path]:
        return sorted(self.folder.glob(f"network-{network}-epoch-*.state"), reverse=True)

    def _read(self, path: Path, network: int) -> State:
        content = path.read_bytes()
        if not content.startswith(FORMAT):
            raise DamagedStateError(f"found no {FORMAT.decode().strip()!r} at its beginning")
        digest_end = len(FORMAT) + DIGEST_SIZE
        payload = content[digest_end:]
        if hashlib.sha256(payload).digest() != content[len(FORMAT) : digest_end]:
            raise DamagedStateError("its checksum does not fit its content")
        with np.load(io.BytesIO(payload), allow_pickle=False) as archive:
            head, *arrays = (archive[name] for name in archive.files)
        header = json.loads(head.tobytes())
        if header["key"] != self.key:
            raise DamagedStateError("it belongs to a run with other parameters, data or code")
        if header["network"] != network:
            raise DamagedStateError("it belongs to another network of this run")
        number = header["variables"]
        return State(header["history"], arrays[:number], arrays[number:])


def _lock(folder: Path) -> FileLock:
    # Beside the folder, so that the folder can go while the lock is held. The system releases it
    # when its process ends, however that ends.
    return FileLock(folder.with_suffix(".lock"))


def _remove(folder: Path) -> None:
    """Remove a folder of states and its lock, which must be held."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(".lock").unlink(missing_ok=True)
