import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.training.checkpoint import (
    CheckpointFolder,
    State,
)
from tests.stages.shared.test_arrays import Payload


def state(epochs: int) -> State:
    return State(
        history=[{"epoch": epoch + 1, "loss": 1 / (epoch + 3)} for epoch in range(epochs)],
        variables=[np.full((3, 2), epochs, np.float32), np.array([epochs, 1], np.uint32)],
        kept_weights=[np.full(4, epochs / 3, np.float32)],
    )


def assert_equal(loaded: State | None, expected: State) -> None:
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
        folder.save(state(epochs))
    return folder


def test_round_trip_and_two_generations(checkpoints: CheckpointFolder) -> None:
    """The newest state is loaded bit for bit, and the one before it stays on disk."""
    assert_equal(checkpoints.load(), state(3))
    names = sorted(path.name for path in checkpoints.folder.iterdir())
    assert names == ["network-0-epoch-00002.npz", "network-0-epoch-00003.npz"]


def test_the_tenth_epoch_is_newer_than_the_ninth(checkpoints: CheckpointFolder) -> None:
    """Epochs are counted, not sorted like words."""
    for epochs in (9, 10):
        checkpoints.save(state(epochs))
    assert_equal(checkpoints.load(), state(10))
    names = sorted(path.name for path in checkpoints.folder.iterdir())
    assert names == ["network-0-epoch-00009.npz", "network-0-epoch-00010.npz"]


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
        assert_equal(loaded, state(2) if messages else state(3))
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
    checkpoints.save(state(4)._replace(variables=[np.zeros((9, 1000), np.float32)]))
    newest = checkpoints.folder / "network-0-epoch-00004.npz"
    newest.write_bytes(newest.read_bytes().replace(b"'shape': (9, 1000)", b"'shape': (1, 1000)"))
    assert_equal(checkpoints.load(), state(3))
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
        assert_equal(checkpoints.load(), state(2))
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
    foreign.save(state(4))
    shutil.copy(foreign.folder / "network-0-epoch-00004.npz", checkpoints.folder)
    assert_equal(checkpoints.load(), state(3))
    assert capsys.readouterr().err.endswith(
        "skipped, no state of this run: it belongs to a run with other parameters, data or code\n"
    )


def test_networks_of_one_run_have_states_of_their_own(
    checkpoints: CheckpointFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network loads its own state, and skips another network's under its name."""
    checkpoints.save(state(5), index=1)
    assert_equal(checkpoints.load(0), state(3))
    assert_equal(checkpoints.load(1), state(5))
    shutil.copy(
        checkpoints.folder / "network-1-epoch-00005.npz",
        checkpoints.folder / "network-0-epoch-00005.npz",
    )
    assert_equal(checkpoints.load(0), state(3))
    assert capsys.readouterr().err.endswith(
        "skipped, no state of this run: it belongs to another network of this run\n"
    )
