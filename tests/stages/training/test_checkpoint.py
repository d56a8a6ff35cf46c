import hashlib
import io
import multiprocessing
import os
import shutil
import threading
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest

from stages.training import machine
from stages.training.checkpoint import (
    MAX_OTHER_RUNS,
    CheckpointFolder,
    State,
    checkpoint_root,
    run_key,
)
from tests.stages.shared.test_arrays import Payload


def _state(epochs: int) -> State:
    return State(
        history=[{"epoch": epoch + 1, "loss": 1 / (epoch + 3)} for epoch in range(epochs)],
        variables=[np.full((3, 2), epochs, np.float32), np.array([epochs, 1], np.uint32)],
        kept_weights=[np.full(4, epochs / 3, np.float32)],
    )


def _assert_equal(loaded: State | None, expected: State) -> None:
    assert loaded is not None
    assert loaded.history == expected.history
    for arrays, expected_arrays in (
        (loaded.variables, expected.variables),
        (loaded.kept_weights, expected.kept_weights),
    ):
        assert [array.dtype for array in arrays] == [array.dtype for array in expected_arrays]
        for array, expected_array in zip(arrays, expected_arrays, strict=True):
            np.testing.assert_array_equal(array, expected_array)


@pytest.fixture
def checkpoints(tmp_path: Path) -> CheckpointFolder:
    """Give a folder with the states after two and three epochs."""
    folder = CheckpointFolder(tmp_path, "key")
    for epochs in (1, 2, 3):
        folder.save(_state(epochs))
    return folder


def test_round_trip_and_two_generations(checkpoints: CheckpointFolder) -> None:
    """The newest state is loaded bit for bit, and the one before it stays on disk."""
    _assert_equal(checkpoints.load(), _state(3))
    names = sorted(path.name for path in checkpoints.folder.iterdir())
    assert names == ["network-0-epoch-00002.npz", "network-0-epoch-00003.npz"]


def test_no_state_is_a_fresh_start(tmp_path: Path) -> None:
    """A run without a saved state loads None."""
    assert CheckpointFolder(tmp_path, "other").load() is None


@pytest.fixture
def damage(
    checkpoints: CheckpointFolder, capsys: pytest.CaptureFixture[str]
) -> Callable[[bytes], bool]:
    """Give a function that damages the newest state, and tells whether it was noticed.

    If it was, one line says which file is skipped and the older state is loaded; if not, the state
    is the one that was saved.
    """
    newest = checkpoints.folder / "network-0-epoch-00003.npz"

    def loads(content: bytes) -> bool:
        newest.write_bytes(content)
        loaded = checkpoints.load()
        messages = capsys.readouterr().err
        _assert_equal(loaded, _state(2) if messages else _state(3))
        if messages:
            assert messages.startswith(f"{newest}: skipped, no state of this run: ")
            assert messages.count("\n") == 1
        return bool(messages)

    return loads


# The quick part damages every 13th byte, the rest every one.
@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_a_state_cut_anywhere_is_skipped(
    checkpoints: CheckpointFolder, damage: Callable[[bytes], bool], step: int
) -> None:
    """A state that the power's end left incomplete is never taken for a whole one."""
    content = (checkpoints.folder / "network-0-epoch-00003.npz").read_bytes()
    assert all(damage(content[:length]) for length in range(0, len(content), step))


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_a_flipped_bit_never_changes_a_state(
    checkpoints: CheckpointFolder, damage: Callable[[bytes], bool], step: int
) -> None:
    """A state with a flipped bit is skipped, unless the bit is unused, as in a date."""
    content = (checkpoints.folder / "network-0-epoch-00003.npz").read_bytes()
    noticed = 0
    for position in range(0, len(content), step):
        flipped = bytearray(content)
        flipped[position] ^= 1 << (position % 8)
        noticed += damage(bytes(flipped))
    assert noticed > 0.5 * len(content) / step


def test_a_state_that_seems_smaller_is_skipped(
    checkpoints: CheckpointFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A flipped bit can make an array of 36 kB one of 4, of which NumPy would not read the rest."""
    checkpoints.save(_state(4)._replace(variables=[np.zeros((9, 1000), np.float32)]))
    newest = checkpoints.folder / "network-0-epoch-00004.npz"
    newest.write_bytes(newest.read_bytes().replace(b"'shape': (9, 1000)", b"'shape': (1, 1000)"))
    _assert_equal(checkpoints.load(), _state(3))
    assert capsys.readouterr().err == (
        f"{newest}: skipped, no state of this run: the checksum of its part arr_1.npy is wrong\n"
    )


def test_a_state_with_an_array_too_few_or_too_many_is_skipped(
    checkpoints: CheckpointFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights would go to the wrong layers; the state says itself how many arrays it has."""
    newest = checkpoints.folder / "network-0-epoch-00003.npz"
    with np.load(newest) as saved:
        arrays = list(saved.values())
    for other in (arrays[:-1], [*arrays, arrays[-1]]):
        np.savez(newest, *other)
        _assert_equal(checkpoints.load(), _state(2))
        names = ", ".join(f"arr_{index}" for index in range(len(other)))
        assert capsys.readouterr().err == (
            f"{newest}: skipped, no state of this run: found the arrays {names}\n"
        )


def test_nothing_in_a_state_is_run(
    checkpoints: CheckpointFolder, damage: Callable[[bytes], bool], tmp_path: Path
) -> None:
    """A pickle runs what its author wants when it is read: such a state is skipped unread."""
    newest = checkpoints.folder / "network-0-epoch-00003.npz"
    with np.load(newest) as saved:
        header, *arrays = saved.values()
    file = io.BytesIO()
    np.savez(file, header, *arrays[:-1], np.array([Payload(tmp_path / "ran")], object))
    assert damage(file.getvalue())
    assert not (tmp_path / "ran").exists()


def test_both_generations_damaged_is_a_fresh_start(checkpoints: CheckpointFolder) -> None:
    """If both states are damaged, none is loaded."""
    for path in checkpoints.folder.iterdir():
        path.write_bytes(b"")
    assert checkpoints.load() is None


def test_a_state_of_another_run_is_skipped(
    checkpoints: CheckpointFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A state of another run is skipped, even if it was copied into this run's folder."""
    foreign = CheckpointFolder(tmp_path, "foreign")
    foreign.save(_state(4))
    shutil.copy(foreign.folder / "network-0-epoch-00004.npz", checkpoints.folder)
    _assert_equal(checkpoints.load(), _state(3))
    assert capsys.readouterr().err.endswith(
        "skipped, no state of this run: it belongs to a run with other parameters, data or code\n"
    )


def test_networks_of_one_run_have_states_of_their_own(
    checkpoints: CheckpointFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network loads its own state, and skips another network's under its name."""
    checkpoints.save(_state(5), index=1)
    _assert_equal(checkpoints.load(0), _state(3))
    _assert_equal(checkpoints.load(1), _state(5))
    shutil.copy(
        checkpoints.folder / "network-1-epoch-00005.npz",
        checkpoints.folder / "network-0-epoch-00005.npz",
    )
    _assert_equal(checkpoints.load(0), _state(3))
    assert capsys.readouterr().err.endswith(
        "skipped, no state of this run: it belongs to another network of this run\n"
    )


def test_the_key_depends_on_parameters_and_files(tmp_path: Path) -> None:
    """The key changes with a parameter and with a byte of a file."""
    file = tmp_path / "train_images.npy"
    file.write_bytes(b"data")
    key = run_key({"seed": 0}, [file])
    assert run_key({"seed": 0}, [file]) == key
    assert run_key({"seed": 1}, [file]) != key
    file.write_bytes(b"date")
    assert run_key({"seed": 0}, [file]) != key


def test_the_key_of_a_run_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is part of a folder's name, so in another form it would lose what was trained so far."""
    monkeypatch.setattr(machine, "describe_machine", lambda: {"python": "3", "cpu": "Z80"})
    files = [tmp_path / name for name in "ba"]
    digests = []
    for file in files:
        file.write_text(file.name)
        digests.append(hashlib.sha256(file.name.encode()).hexdigest())
    facts = (
        f'{{"files": ["{digests[0]}", "{digests[1]}"], '
        '"machine": {"cpu": "Z80", "python": "3"}, "parameters": {"epochs": 9, "seed": 0}}'
    )
    expected = hashlib.sha256(facts.encode()).hexdigest()[:32]
    assert run_key({"seed": 0, "epochs": 9}, files) == expected
    assert run_key({"epochs": 9, "seed": 0}, files) == expected


def test_removal_keeps_a_bounded_number_of_others(tmp_path: Path) -> None:
    """A run removes its own states and all but the newest other runs' states."""
    for index in range(MAX_OTHER_RUNS + 3):
        CheckpointFolder(tmp_path, f"old{index}").save(_state(1))
    with CheckpointFolder(tmp_path, "key") as checkpoints:
        checkpoints.save(_state(1))
        checkpoints.remove()
    assert not checkpoints.folder.exists()
    left = list(tmp_path.iterdir())
    assert len(left) == MAX_OTHER_RUNS
    assert all(path.is_dir() for path in left)  # no lock without states


def test_a_folder_that_is_there_or_not_is_no_matter(tmp_path: Path) -> None:
    """A run makes its folder or finds it, and removes it or finds it gone."""
    checkpoints = CheckpointFolder(tmp_path / "new" / ".checkpoints", "key")
    checkpoints.remove()
    for _ in range(2):
        with checkpoints:
            assert checkpoints.folder.is_dir()
    for _ in range(2):
        checkpoints.remove()
        assert not checkpoints.folder.exists()


def test_the_run_that_was_left_longest_ago_is_removed_first(tmp_path: Path) -> None:
    """Age decides, not the name, which is a hash: what was trained lately can still go on."""
    days = [3, 0, 5, 1, 6, 2, 4]
    for name, age in zip("abcdefg", days, strict=True):
        CheckpointFolder(tmp_path, name).save(_state(1))
        os.utime(tmp_path / name, (1e9 - 86400 * age,) * 2)
    with CheckpointFolder(tmp_path, "key"):
        left = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert left == {"a", "b", "d", "f", "g", "key"}  # without those of 5 and 6 days


def test_removal_leaves_an_active_run(tmp_path: Path) -> None:
    """A run that holds its lock keeps its states, even in the oldest folder."""
    with CheckpointFolder(tmp_path, "going-on") as active:
        active.save(_state(1))
        for index in range(MAX_OTHER_RUNS + 3):
            CheckpointFolder(tmp_path, f"old{index}").save(_state(1))
        with CheckpointFolder(tmp_path, "key") as checkpoints:
            checkpoints.remove()
        _assert_equal(active.load(), _state(1))


def test_a_second_run_waits_for_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two runs never write the same state: the second waits for the first and says so."""
    inside = threading.Event()

    def second() -> None:
        with CheckpointFolder(tmp_path, "key"):
            inside.set()

    thread = threading.Thread(target=second, daemon=True)
    printed = ""
    with CheckpointFolder(tmp_path, "key"):
        thread.start()
        while "\n" not in printed:
            assert thread.is_alive()
            printed += capsys.readouterr().out
            time.sleep(0.001)
        assert not inside.is_set()
    assert printed == (
        "another process trains with these parameters, code and data: waiting for it\n"
    )
    thread.join()
    assert inside.is_set()


def _hold(root: Path, entered: Event, leave: Event) -> None:
    with CheckpointFolder(root, "key") as checkpoints:
        entered.set()
        leave.wait()
        checkpoints.save(_state(2))


@pytest.mark.slow
def test_a_second_process_waits_for_the_first(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two runs never write the same state: the second waits for the first and says so."""
    context = multiprocessing.get_context("spawn")
    first_entered, second_entered, leave = context.Event(), context.Event(), context.Event()
    first = context.Process(target=_hold, args=(tmp_path, first_entered, leave), daemon=True)
    first.start()
    first_entered.wait()
    second = context.Process(target=_hold, args=(tmp_path, second_entered, leave), daemon=True)
    second.start()
    printed = ""
    while "waiting for it" not in printed:
        assert second.is_alive()
        printed += capfd.readouterr().out
        time.sleep(0.01)
    assert not second_entered.is_set()
    leave.set()
    second.join()
    first.join()
    assert second.exitcode == first.exitcode == 0
    assert second_entered.is_set()


def test_temporary_experiments_share_the_projects_states(tmp_path: Path) -> None:
    """DVC's temporary copies in .dvc/tmp/exps use the project's own checkpoints."""
    assert checkpoint_root(tmp_path) == tmp_path / ".checkpoints"
    copy = tmp_path / ".dvc" / "tmp" / "exps" / "standalone" / "tmpx"
    assert checkpoint_root(copy) == tmp_path / ".checkpoints"
