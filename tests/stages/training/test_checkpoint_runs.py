import hashlib
import multiprocessing
import os
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from stages.training import machine
from stages.training.checkpoint import (
    MAX_OTHER_RUNS,
    CheckpointFolder,
    checkpoint_root,
    run_key,
)
from tests.stages.training.test_checkpoint import assert_equal, state


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
        CheckpointFolder(tmp_path, f"old{index}").save(state(1))
    with CheckpointFolder(tmp_path, "key") as checkpoints:
        checkpoints.save(state(1))
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
        CheckpointFolder(tmp_path, name).save(state(1))
        os.utime(tmp_path / name, (1e9 - 86400 * age,) * 2)
    with CheckpointFolder(tmp_path, "key"):
        left = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert left == {"a", "b", "d", "f", "g", "key"}  # without those of 5 and 6 days


def test_removal_leaves_an_active_run(tmp_path: Path) -> None:
    """A run that holds its lock keeps its states, even in the oldest folder."""
    with CheckpointFolder(tmp_path, "going-on") as active:
        active.save(state(1))
        for index in range(MAX_OTHER_RUNS + 3):
            CheckpointFolder(tmp_path, f"old{index}").save(state(1))
        with CheckpointFolder(tmp_path, "key") as checkpoints:
            checkpoints.remove()
        assert_equal(active.load(), state(1))


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
        checkpoints.save(state(2))


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
