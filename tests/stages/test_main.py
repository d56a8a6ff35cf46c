"""How a stage is started: which one, what is checked before a training, and when it ends."""

import os
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import stages.__main__
from stages import download, evaluate, plot, preprocess, train
from stages.__main__ import STAGES, main
from tests.stages.shared.test_params import VALID

PATHS = ("params", "processed", "history", "progress")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Give the command lines with which stages run, in place of what they do."""
    ran: list[list[str]] = []
    for stage in (download, preprocess, train, evaluate, plot):
        monkeypatch.setattr(stage, "main", lambda: ran.append(sys.argv[:]))
    for variable in ("DVC_STAGE", "RAY_ADDRESS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "_exit", sys.exit)
    return ran


def start(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Do what `python -m stages` with these arguments does."""
    monkeypatch.setattr(sys, "argv", ["stages/__main__.py", *arguments])
    main()


def training(params: Path) -> list[str]:
    """Return the command line of a training with a parameter file."""
    others = (word for name in PATHS[1:] for word in (f"--{name}", str(params.parent / name)))
    return ["train", "--params", str(params), *others]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_gets_its_own_command_line(
    name: str, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its help begins with what a person types; started by hand, it does not watch its parent."""
    start(monkeypatch, name, "--raw", "data/raw")
    assert ran == [[f"python -m stages {name}", "--raw", "data/raw"]]
    assert not any("end_with_parent" in thread.name for thread in threading.enumerate())


@pytest.mark.parametrize(("arguments", "found"), [([], "no stage"), (["trian", "x"], "trian")])
def test_an_unknown_stage_is_wrong_use(
    arguments: list[str],
    found: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A missing or unknown stage is one line with the five stages, and exit code 2."""
    with pytest.raises(SystemExit) as ended:
        start(monkeypatch, *arguments)
    assert ended.value.code == 2
    assert capsys.readouterr() == (
        "",
        f"error: found {found}, expected one of download, preprocess, train, evaluate, plot; "
        "type `python -m stages --help`\n",
    )


@pytest.mark.parametrize("asked", ["-h", "--help"])
def test_help_names_the_stages(
    asked: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both spellings print it, without an import of a stage."""
    start(monkeypatch, asked)
    assert capsys.readouterr() == (f"{stages.__main__.__doc__}\n", "")


def test_missing_paths_are_wrong_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stage without some of its paths names the missing options and exits with 2."""
    with pytest.raises(SystemExit) as ended:
        start(monkeypatch, "plot", "--params", "params.yaml", "--history", "history.csv")
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(
        "python -m stages plot: error: the following arguments are required: "
        "--processed, --predictions, --metrics, --augmented, --plots\n"
    )


@pytest.mark.parametrize(
    ("valid", "wrong", "message"),
    [
        ("dataset: mnist", "dataset: 1", "download.dataset: found 1, "),
        ("limit: null", "limit: 0", "preprocess.limit: found 0, "),
        ("epochs: 20", "epochs: 0", "train.epochs: found 0, "),
        ("mistakes: 40", "mistakes: 200", "plot.mistakes: found 200, "),
    ],
)
def test_a_fault_of_any_section_is_found_before_a_training(
    valid: str,
    wrong: str,
    message: str,
    ran: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A run of hours does not end at a parameter of the stage after it."""
    params = tmp_path / "params.yaml"
    params.write_text(VALID)
    start(monkeypatch, *training(params))
    assert len(ran) == 1
    params.write_text(VALID.replace(valid, wrong))
    with pytest.raises(SystemExit) as ended:
        start(monkeypatch, *training(params))
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(f"error: {params}: {message}")
    assert len(ran) == 1


def test_only_a_whole_command_line_of_a_training_is_checked(
    ran: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other stages read their own sections; the stage itself answers --help and a path left out."""
    params = tmp_path / "params.yaml"
    params.write_text("")
    whole = training(params)
    command_lines = [["plot", *whole[1:]], [*whole, "--help"], whole[:-1]]
    command_lines += [["train", *whole[1:place], *whole[place + 2 :]] for place in (1, 3, 5, 7)]
    for command_line in command_lines:
        start(monkeypatch, *command_line)
    assert [line[1:] for line in ran] == [line[1:] for line in command_lines]


@pytest.mark.parametrize("address", [None, "", "ray://head:10001"])
def test_a_training_takes_its_states_from_a_cluster_if_one_is_named(
    address: str | None,
    ran: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stage runs while the states are held, and the driver without what libraries set."""
    filled: list[tuple[str, list[Path], int]] = []

    @contextmanager
    def filled_checkpoints(environment: dict[str, str], paths: Namespace) -> Iterator[None]:
        assert "SET_BY_A_LIBRARY" not in environment
        yield
        places = [getattr(paths, name) for name in PATHS]
        filled.append((environment["RAY_ADDRESS"], places, len(ran)))

    def import_that_sets(name: str) -> ModuleType:
        monkeypatch.setenv("SET_BY_A_LIBRARY", "1")
        return import_module(name)

    monkeypatch.setattr("stages.cluster.launch.filled_checkpoints", filled_checkpoints)
    monkeypatch.setattr("stages.__main__.import_quietly", import_that_sets)
    if address is not None:
        monkeypatch.setenv("RAY_ADDRESS", address)
    params = tmp_path / "params.yaml"
    params.write_text(VALID)
    start(monkeypatch, *training(params))
    places = [params, *(tmp_path / name for name in PATHS[1:])]
    assert filled == ([(address, places, 1)] if address else [])
    assert len(ran) == 1


def test_a_stage_ends_as_soon_as_its_dvc_is_gone(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that outlives no stage looks for the parent at least five times in a second."""
    looked, gone, ended = (threading.Event() for _ in range(3))
    pauses: list[float] = []
    codes: list[int] = []
    daemons: list[bool] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        looked.set()
        gone.wait(10)

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    def stage() -> None:
        assert looked.wait(10)
        assert not codes
        daemons.extend(
            thread.daemon for thread in threading.enumerate() if "end_with_parent" in thread.name
        )
        gone.set()
        assert ended.wait(10)

    monkeypatch.setenv("DVC_STAGE", "preprocess")
    monkeypatch.setattr("stages.preprocess.main", stage)
    monkeypatch.setattr("stages.__main__.time", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(os, "getppid", lambda: 1 if gone.is_set() else 7)
    monkeypatch.setattr(os, "_exit", end)
    start(monkeypatch, "preprocess")
    assert codes == [1]
    assert daemons == [True]
    assert max(pauses) <= 0.2
