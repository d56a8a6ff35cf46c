import multiprocessing
import shutil
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest

from stages.checkpoint import RUNS_KEPT, CheckpointFolder, State, checkpoint_root, run_key


def _state(epochs: int) -> State:
    return State(
        history=[{"epoch": epoch + 1, "loss": 1 / (epoch + 3)} for epoch in range(epochs)],
        variables=[np.full((3, 2), epochs, np.float32), np.array([epochs, 1], np.uint32)],
        kept_weights=[np.full(4, epochs / 3, np.float32)],
    )


def _assert_equal(loaded: State | None, expected: State) -> None:
    assert loaded is not None
    assert loaded.history == expected.history
    for ours, theirs in (
        (loaded.variables, expected.variables),
        (loaded.kept_weights, expected.kept_weights),
    ):
        assert [array.dtype for array in ours] == [array.dtype for array in theirs]
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.fixture
def checkpoints(tmp_path: Path) -> CheckpointFolder:
    """Give a folder with the states after two and three epochs."""
    folder = CheckpointFolder(tmp_path, "key")
    for epochs in (1, 2, 3):
        folder.save(_state(epochs))
    return folder


def test_round_trip_and_two_generations(checkpoints: CheckpointFolder) -> None:
    """The newest state is loaded bit for bit, and one older is kept."""
    _assert_equal(checkpoints.load(), _state(3))
    names = sorted(path.name for path in checkpoints.folder.iterdir())
    assert names == ["network-0-epoch-00002.state", "network-0-epoch-00003.state"]


def test_no_state_is_a_fresh_start(tmp_path: Path) -> None:
    """An empty or absent folder has no state."""
    assert CheckpointFolder(tmp_path, "other").load() is None


@pytest.mark.parametrize("tenth", range(10))
def test_a_state_cut_anywhere_is_passed_over(
    checkpoints: CheckpointFolder, capsys: pytest.CaptureFixture[str], tenth: int
) -> None:
    """The older generation serves, and one line says why."""
    newest = checkpoints.folder / "network-0-epoch-00003.state"
    content = newest.read_bytes()
    newest.write_bytes(content[: len(content) * tenth // 10])
    _assert_equal(checkpoints.load(), _state(2))
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "network-0-epoch-00003.state" in message
    assert "passing it over" in message


def test_any_flipped_bit_is_noticed(
    checkpoints: CheckpointFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever a bit flips, that state is not used."""
    newest = checkpoints.folder / "network-0-epoch-00003.state"
    content = newest.read_bytes()
    for position in range(0, len(content), 7):
        flipped = bytearray(content)
        flipped[position] ^= 1 << (position % 8)
        newest.write_bytes(flipped)
        _assert_equal(checkpoints.load(), _state(2))
    assert capsys.readouterr().err.count("passing it over") == len(range(0, len(content), 7))


def test_both_generations_damaged_is_a_fresh_start(checkpoints: CheckpointFolder) -> None:
    """With nothing whole left, nothing is used."""
    for path in checkpoints.folder.iterdir():
        path.write_bytes(b"")
    assert checkpoints.load() is None


def test_a_state_of_another_run_or_format_is_passed_over(
    checkpoints: CheckpointFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even a state that somebody copied into the folder is not taken for this run's."""
    foreign = CheckpointFolder(tmp_path, "foreign")
    foreign.save(_state(4))
    shutil.copy(foreign.folder / "network-0-epoch-00004.state", checkpoints.folder)
    _assert_equal(checkpoints.load(), _state(3))
    assert "other parameters, data or code" in capsys.readouterr().err
    newer = checkpoints.folder / "network-0-epoch-00005.state"
    newer.write_bytes(b"training state, format 0\n" + bytes(100))
    _assert_equal(checkpoints.load(), _state(3))
    assert "format 1" in capsys.readouterr().err


def test_networks_of_one_run_have_states_of_their_own(
    checkpoints: CheckpointFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network's state is loaded by its number, and never taken for another's."""
    checkpoints.save(_state(5), network=1)
    _assert_equal(checkpoints.load(0), _state(3))
    _assert_equal(checkpoints.load(1), _state(5))
    shutil.copy(
        checkpoints.folder / "network-1-epoch-00005.state",
        checkpoints.folder / "network-0-epoch-00005.state",
    )
    _assert_equal(checkpoints.load(0), _state(3))
    assert "another network" in capsys.readouterr().err


def test_the_key_depends_on_parameters_and_files(tmp_path: Path) -> None:
    """Another parameter, another byte of data or code: another key."""
    file = tmp_path / "train_images.npy"
    file.write_bytes(b"data")
    key = run_key({"seed": 0}, [file])
    assert run_key({"seed": 0}, [file]) == key
    assert run_key({"seed": 1}, [file]) != key
    file.write_bytes(b"date")
    assert run_key({"seed": 0}, [file]) != key


def test_removal_keeps_a_bounded_number_of_others(tmp_path: Path) -> None:
    """A run takes all but the youngest others away, and when it succeeds its own."""
    for number in range(RUNS_KEPT + 3):
        CheckpointFolder(tmp_path, f"old{number}").save(_state(1))
    with CheckpointFolder(tmp_path, "key") as checkpoints:
        checkpoints.save(_state(1))
        checkpoints.remove()
    assert not checkpoints.folder.exists()
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == RUNS_KEPT
    assert len(list(tmp_path.glob("*.lock"))) <= RUNS_KEPT


def test_removal_leaves_a_run_that_is_going_on(tmp_path: Path) -> None:
    """However old its folder, a run that holds its lock keeps its states."""
    with CheckpointFolder(tmp_path, "going-on") as going_on:
        going_on.save(_state(1))
        for number in range(RUNS_KEPT + 3):
            CheckpointFolder(tmp_path, f"old{number}").save(_state(1))
        with CheckpointFolder(tmp_path, "key") as checkpoints:
            checkpoints.remove()
        _assert_equal(going_on.load(), _state(1))


def _hold(root: Path, entered: Event, leave: Event) -> None:
    with CheckpointFolder(root, "key") as checkpoints:
        entered.set()
        leave.wait()
        checkpoints.save(_state(2))


@pytest.mark.slow
def test_a_second_run_waits_for_the_first(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two processes never write one state: the later waits, says so, and goes on from there."""
    context = multiprocessing.get_context("spawn")
    entered, entered_too, leave = context.Event(), context.Event(), context.Event()
    first = context.Process(target=_hold, args=(tmp_path, entered, leave))
    first.start()
    try:
        assert entered.wait(30)
        second = context.Process(target=_hold, args=(tmp_path, entered_too, leave))
        second.start()
        second.join(2)
        assert second.is_alive()
        assert not entered_too.is_set()
        leave.set()
        second.join(30)
        assert second.exitcode == 0
    finally:
        leave.set()
        first.join(30)
    assert "waiting for it" in capfd.readouterr().out


def test_temporary_experiments_share_the_projects_states(tmp_path: Path) -> None:
    """DVC's throw-away copies lie below .dvc/tmp/exps; what they save is found again."""
    assert checkpoint_root(tmp_path) == tmp_path / ".checkpoints"
    copy = tmp_path / ".dvc" / "tmp" / "exps" / "standalone" / "tmpx"
    assert checkpoint_root(copy) == tmp_path / ".checkpoints"
