import errno
import json
import os
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")

import stages.cluster.__main__ as main_module
from stages.cluster.progress import Board
from stages.shared.cli import StageError
from stages.training.checkpoint import CheckpointFolder
from tests.conftest import PROJECT

OPTIONS = {
    "address": "head:6379",
    "launcher": "4321",
    "checkpoints": "states/key",
    "params": "params.yaml",
    "processed": "data",
}


class _EndedError(BaseException):
    """Stands for the end of the process, which nothing catches; it has the exit code."""


class Run(NamedTuple):
    """What a driver does: its messages, its exit code, and what it prints where."""

    messages: list[Any]
    code: int
    output: str
    log: str


Train = Callable[[Namespace, Board, Callable[[Any], None], Callable[[str], None]], None]


class Driver:
    """Calls the driver's `main`, with a training in the place of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.log, self.output = folder / "ray.log", folder / "output"
        self.reading, self.writing = os.pipe()
        self.parents: list[tuple[int, bool]] = []
        self.watched = threading.Event()

    def end_with_parent(self, parent: int) -> None:
        self.parents.append((parent, threading.current_thread().daemon))
        self.watched.set()

    def received(self) -> list[Any]:
        """Return the messages that have been sent since the last call."""
        try:
            text = os.read(self.reading, 1 << 16).decode()
        except BlockingIOError:
            return []
        assert text == "" or text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]

    def run(self, train: Train) -> Run:
        """Run the driver to its end."""
        options = OPTIONS | {"messages": str(self.writing), "log": str(self.log)}
        arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
        self.monkeypatch.setattr(sys, "argv", ["stages.cluster", *arguments])
        self.monkeypatch.setattr(main_module, "train", train)
        self.monkeypatch.setattr(main_module, "end_with_parent", self.end_with_parent)

        def end(code: int) -> None:
            raise _EndedError(code)

        self.monkeypatch.setattr(os, "_exit", end)
        os.set_blocking(self.reading, False)
        os.set_inheritable(self.writing, True)  # as `launch` gives it to the driver
        code = 0
        with self._standard_files():
            try:
                main_module.main()
            except _EndedError as ended:
                (code,) = ended.args
        return Run(self.received(), code, self.output.read_text(), self.log.read_text())

    @contextmanager
    def _standard_files(self) -> Iterator[None]:
        """Let standard output be a file, and the stream of errors follow its descriptor."""
        sys.stdout.flush()
        sys.stderr.flush()
        standard = [os.dup(1), os.dup(2)]
        with self.output.open("w") as output, open(2, "w", closefd=False) as errors:
            self.monkeypatch.setattr(sys, "stderr", errors)
            os.dup2(output.fileno(), 1)
            try:
                yield
            finally:
                errors.flush()
                for place, descriptor in enumerate(standard, start=1):
                    os.dup2(descriptor, place)
                    os.close(descriptor)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """Give a driver whose standard output is a file; it leaves this process as it was."""
    driver = Driver(tmp_path, monkeypatch)
    before = {name: signal.getsignal(name) for name in main_module.SIGNALS}
    opened: list[Any] = []
    fdopen = os.fdopen

    def remember(*arguments: Any, **options: Any) -> Any:
        opened.append(fdopen(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(os, "fdopen", remember)
    yield driver
    for file in opened:
        file.close()
    os.close(driver.reading)
    for name, handler in before.items():
        signal.signal(name, handler)


def test_what_the_driver_sends_and_shows(driver: Driver) -> None:
    """Messages and the board's lines at once; what Ray prints goes to a log that begins anew."""
    driver.log.write_text("of the run before, and longer than what follows")
    dumps, masks = json.dumps, list[set[signal.Signals | int]]()

    def slow_dumps(message: Any) -> str:
        masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, []))
        return dumps(message)

    driver.monkeypatch.setattr(json, "dumps", slow_dumps)

    def train(arguments: Namespace, board: Board, report: Any, _: object) -> None:
        assert vars(arguments) == {
            "address": "head:6379",
            "messages": driver.writing,
            "launcher": 4321,
            "checkpoints": Path("states/key"),
            "log": driver.log,
            "params": Path("params.yaml"),
            "processed": Path("data"),
        }
        assert not os.get_inheritable(driver.writing)  # else Ray's processes keep it open
        report([{"epoch": 1, "loss": 0.1234567890123456}])
        assert driver.received() == [{"rows": [{"epoch": 1, "loss": 0.1234567890123456}]}]
        assert masks == [{signal.SIGINT, signal.SIGTERM}]  # a line is sent whole
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
        board.say("node a: lost")
        assert driver.output.read_text() == "node a: lost\n"
        os.write(1, b"from Ray\n")
        os.write(2, b"and its errors\n")

    run = driver.run(train)
    assert run == Run([{"finished": True}], 0, "node a: lost\n", "from Ray\nand its errors\n")
    assert driver.watched.wait(60)
    assert driver.parents == [(4321, True)]  # it ends with its launcher


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (StageError("no node may train"), {"error": "no node may train"}),
        (
            OSError(errno.ENOSPC, "No space left", "a.npz"),
            {"os_error": [errno.ENOSPC, "No space left", "a.npz"]},
        ),
        (OSError("the pipe\nis gone"), {"os_error": [None, "the pipe is gone", None]}),
        (
            ValueError("a\n" + "b" * 300),
            {
                "error": f"the driver of the cluster failed: a {'b' * 198}; see {{log}}",
            },
        ),
    ],
)
def test_an_error_is_sent_and_its_traceback_is_in_the_log(
    driver: Driver, error: Exception, message: dict[str, Any]
) -> None:
    """The launcher makes the stage's error of it; the driver ends with code 1."""

    def train(*_: object) -> None:
        raise error

    run = driver.run(train)
    if isinstance(error, ValueError):
        message = {"error": message["error"].format(log=driver.log)}
    assert (run.messages, run.code, run.output) == ([message], 1, "")
    assert run.log.startswith("Traceback (most recent call last):\n")
    assert type(error).__name__ in run.log


def test_a_driver_that_gives_up_ends_at_once(driver: Driver) -> None:
    """A thread calls it while Ray still tries to connect."""

    def train(*arguments: Any) -> None:
        arguments[3]("no Ray cluster answers")

    assert driver.run(train) == Run([{"error": "no Ray cluster answers"}], 1, "", "")


@pytest.mark.parametrize("name", main_module.SIGNALS)
def test_the_first_signal_ends_the_driver(driver: Driver, name: signal.Signals) -> None:
    """Without a message, as it came from the launcher; those that follow do not disturb it."""

    def train(*_: object) -> None:
        try:
            os.kill(os.getpid(), name)
        finally:
            for again in main_module.SIGNALS:
                os.kill(os.getpid(), again)

    assert driver.run(train) == Run([], 1, "", "")


def test_every_option_is_needed_and_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The launcher gives all of them."""
    monkeypatch.setattr(sys, "argv", ["stages.cluster"])
    with pytest.raises(SystemExit):
        main_module.parse_arguments()
    assert capsys.readouterr().err.endswith(
        "error: the following arguments are required: --address, --messages, --launcher, "
        "--checkpoints, --log, --params, --processed\n"
    )
    monkeypatch.setattr(sys, "argv", ["stages.cluster", "--help"])
    with pytest.raises(SystemExit):
        main_module.parse_arguments()
    printed = " ".join(capsys.readouterr().out.split())
    for line in (
        "--checkpoints CHECKPOINTS folder of the run's checkpoints",
        "--log LOG file for what Ray prints",
        "--params PARAMS parameter file",
        "--processed PROCESSED folder with the arrays",
    ):
        assert line in printed


def test_a_training_on_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connected as the parameters say, in the folder of the checkpoints, with the run's inputs."""
    calls: list[Any] = []
    folder = tmp_path / "states" / "key"
    folder.mkdir(parents=True)
    content = yaml.safe_load((PROJECT / "params.yaml").read_text())
    content["train"] |= {"threads": 5, "start_from": "old.keras"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    board, reports = Board(sys.stdout), list[Any]().append

    @contextmanager
    def connected(address: str, places: int, give_up: object) -> Iterator[None]:
        calls.append(("connected", address, places, give_up, Path.cwd()))
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as Ray would, its own way
        yield
        calls.append("shut down")

    class FakeDriver:
        def __init__(self, settings: Any, checkpoints: CheckpointFolder, *others: object) -> None:
            assert (settings.threads, *others) == (5, reports, board)
            assert (checkpoints.folder, checkpoints.key) == (folder, "key")

        def train(self, inputs: Any) -> None:
            assert signal.getsignal(signal.SIGTERM) == main_module.interrupt
            calls.append(inputs)

    monkeypatch.setattr(main_module, "connected", connected)
    monkeypatch.setattr(main_module, "Driver", FakeDriver)
    monkeypatch.setattr(main_module, "load_inputs", lambda *places: places)
    monkeypatch.chdir(tmp_path)
    arguments = Namespace(
        address="head:6379",
        checkpoints=folder,
        params=Path("params.yaml"),
        processed=Path("data"),
    )
    before = {name: signal.getsignal(name) for name in main_module.SIGNALS}
    try:
        main_module.train(arguments, board, reports, print)
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    assert calls == [
        ("connected", "head:6379", 5, print, folder),
        (Path("data"), "old.keras"),
        "shut down",
    ]
