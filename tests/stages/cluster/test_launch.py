import json
import os
import signal
import sys
import threading
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.cluster import launch
from stages.shared.arrays import LabelledImages, save_split
from stages.shared.cli import StageError
from stages.shared.dataset import DIGITS, DataSet, write_dataset
from stages.shared.params import load_section
from stages.train import open_checkpoints
from stages.training.checkpoint import State
from stages.training.early_stopping import History
from stages.training.settings import Train
from stages.training.trainer import Report
from tests.conftest import PROJECT

INTERRUPTED = (
    "interrupted; the states of finished epochs are kept: type the same command again, such as "
    "`dvc repro`, to go on after them"
)


def ignore(_: History) -> None:
    """Report nothing."""


def run_driver(code: str, tmp_path: Path, report: Report) -> None:
    """Run Python code as the driver, which has the file `messages`."""
    script = tmp_path / "driver.py"
    script.write_text(
        "import os, signal, sys, time\n"
        "os.chdir(os.path.dirname(__file__))\n"
        "option = lambda name: sys.argv[sys.argv.index(name) + 1]\n"
        "messages = os.fdopen(int(option('--messages')), 'w', 1)\n" + code
    )
    # Without what a user has installed, it starts faster.
    command = [sys.executable, "-IS", str(script), "--log", "ray.log", "--other"]
    launch.run_driver(command, {"OWN": "variable"}, report)


def test_rows_are_reported_as_they_come(tmp_path: Path) -> None:
    """Each message with rows is reported; floats stay exact."""
    code = """print('{"rows": [{"epoch": 1, "loss": 0.1234567890123456}]}', file=messages)
print('{"rows": []}', file=messages)
print('{"finished": true}', file=messages)"""
    reported: list[History] = []
    run_driver(code, tmp_path, reported.append)
    assert reported == [[{"epoch": 1, "loss": 0.1234567890123456}], []]


def test_a_driver_runs_beside_the_stage(tmp_path: Path) -> None:
    """It knows its launcher, and Ctrl-C does not reach its group; it has the user's variables."""
    code = """import json
facts = {'launcher': int(option('--launcher')), 'leads': os.getpgrp() == os.getpid()}
print(json.dumps({'rows': [facts | {'own': os.environ['OWN']}]}), file=messages)
print('{"finished": true}', file=messages)"""
    reported: list[Any] = []
    run_driver(code, tmp_path, reported.append)
    assert reported == [[{"launcher": os.getpid(), "leads": True, "own": "variable"}]]


def test_an_error_of_the_driver_is_the_error_of_the_stage(tmp_path: Path) -> None:
    """A message with an error raises it here; one of the disk as an OSError with its path."""
    with pytest.raises(StageError, match=r"^no node$"):
        run_driver("""print('{"error": "no node"}', file=messages)""", tmp_path, ignore)
    with pytest.raises(OSError, match="No space left") as error:
        run_driver(
            """print('{"os_error": [28, "No space left", "a.npz"]}', file=messages)""",
            tmp_path,
            ignore,
        )
    assert error.value.filename == "a.npz"


@pytest.mark.parametrize(
    "code",
    [
        "os._exit(0)",
        "os.kill(os.getpid(), 9)",
        """messages.write('{"rows": [{"epo'); messages.flush(); os._exit(1)""",
    ],
)
def test_a_driver_that_dies_silently_is_noticed(code: str, tmp_path: Path) -> None:
    """Without a last message the connection counts as lost, also with exit code 0."""
    with pytest.raises(StageError) as error:
        run_driver(code, tmp_path, ignore)
    assert str(error.value) == (
        "the connection to the Ray cluster was lost, see ray.log; the states of finished epochs "
        "are kept: type the same command again to go on after them"
    )


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_driver(name: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end the driver by SIGTERM; it cleans up before the error is raised.

    Nothing waits after that, and the stage has its handlers back.
    """
    code = """signal.signal(signal.SIGTERM, lambda *_: (open('cleaned', 'w'), os._exit(1)))
print('{"rows": []}', file=messages)
time.sleep(600)"""
    main_thread = threading.main_thread().ident
    assert main_thread
    before = signal.getsignal(name)
    with pytest.raises(StageError) as error:
        run_driver(code, tmp_path, lambda _: signal.pthread_kill(main_thread, name))
    assert str(error.value) == INTERRUPTED
    assert (tmp_path / "cleaned").exists()
    assert signal.getsignal(name) is before
    timers = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
    assert all(timer.daemon for timer in timers)


def test_a_driver_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a time of grace, which is 20 s."""
    assert launch.GRACE == 20
    monkeypatch.setattr(launch, "GRACE", 0.01)
    code = """signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('{"rows": []}', file=messages)
time.sleep(600)"""
    main_thread = threading.main_thread().ident
    assert main_thread
    with pytest.raises(StageError, match=r"^interrupted; "):
        run_driver(code, tmp_path, lambda _: signal.pthread_kill(main_thread, signal.SIGTERM))


def test_a_report_that_fails_ends_the_driver(tmp_path: Path) -> None:
    """If history.csv cannot be written, the driver does not go on, and nobody waits for it."""
    code = """while True:
    print('{"rows": []}', file=messages)"""

    def fail(_: History) -> None:
        raise OSError(28, "No space left", "history.csv")

    with pytest.raises(OSError, match="No space left"):
        run_driver(code, tmp_path, fail)


@pytest.fixture
def paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_images: LabelledImages
) -> Namespace:
    """Give the paths of a run with two networks of one epoch, in whose folder this process is."""
    monkeypatch.chdir(tmp_path)
    for split in ("train", "validation"):
        save_split(Path("data"), split, random_images)
    write_dataset(Path("data/dataset.json"), DataSet("digits", DIGITS))
    params = yaml.safe_load((PROJECT / "params.yaml").read_text())
    params["train"] |= {"networks": 2, "epochs": 1}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    names = {"params": "params.yaml", "processed": "data"}
    names |= {"history": "history.csv", "progress": "training.json"}
    return Namespace(**{name: Path(path) for name, path in names.items()})


def test_a_run_goes_to_the_cluster_until_it_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: Namespace
) -> None:
    """The whole command of the driver, with the user's variables before those of the project.

    The states are locked while a network is missing; with both there, no driver is started.
    """
    runs: list[tuple[list[str], dict[str, str]]] = []
    row = {"epoch": 1, "learning_rate": 0.1, "loss": 2, "val_loss": 3, "val_accuracy": 0.5}

    def driver(command: list[str], environment: dict[str, str], report: Report) -> None:
        runs.append((command, environment))
        assert len([*states.glob("*.lock")]) == 1
        report([{"network": 1, "accuracy": 0.5, "kept": 1, **row}])
        checkpoints = open_checkpoints(settings, paths.processed)
        for index in (0, 1):
            checkpoints.save(State([row], [], []), index)

    states = tmp_path / ".checkpoints"
    settings = load_section(Train, paths.params)
    monkeypatch.setattr(launch, "run_driver", driver)
    monkeypatch.setattr(launch, "find_spec", lambda name: {"ray": "installed"}[name])
    monkeypatch.setattr(launch, "check_address", lambda address: runs.append(([address], {})))
    environment = {"RAY_ADDRESS": "head:6379", "RAY_AUTH_MODE": "disabled", "OWN": "variable"}
    for _ in range(2):
        with launch.filled_checkpoints(environment, paths):
            (cluster,) = states.glob("*.cluster")  # others wait here
        assert not cluster.exists()
    folder = cluster.with_suffix("")
    assert runs == [
        (["head:6379"], {}),
        (
            [
                *[sys.executable, "-m", "stages.cluster", "--address", "head:6379"],
                *["--checkpoints", str(folder), "--log", str(folder / "ray.log")],
                *["--params", str(tmp_path / "params.yaml")],
                *["--processed", str(tmp_path / "data")],
            ],
            environment | {"RAY_USAGE_STATS_ENABLED": "0"},
        ),
    ]
    assert paths.history.read_text().splitlines()[1].startswith("1,1,0.1")
    assert json.loads(paths.progress.read_text())["val_loss"] == 3


def test_ray_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, paths: Namespace) -> None:
    """Without Ray the error names the file of requirements, and the run is not locked."""
    monkeypatch.setattr(launch, "find_spec", lambda _: None)
    for _ in range(2):
        with (
            pytest.raises(StageError) as error,
            launch.filled_checkpoints({launch.VARIABLE: "local"}, paths),
        ):
            pytest.fail("there is nothing to go on with")
        assert str(error.value) == (
            "found RAY_ADDRESS=local, but Ray is not installed: type `pip install -r "
            "requirements-cluster.txt`, or unset RAY_ADDRESS to train here"
        )
