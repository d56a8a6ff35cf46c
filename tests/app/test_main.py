"""What `python -m app` starts: the command in this process, with workers that need none."""

import io
import json
import os
import runpy
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app import __main__ as command
from app.classes import DIGITS, Classes
from app.models import default_model, describe
from app.reader import Reader
from app.web.guard import Guard
from tests.app.conftest import drawn, encoded
from tests.app.lanes import workers_here
from tests.app.web.serving import ask
from tests.conftest import PROJECT

LOOPBACK = "127.0.0.1, localhost, ::1"


class Served(NamedTuple):
    """What the command would serve until a signal comes."""

    app: Guard
    port: int
    is_behind_proxy: bool
    asked_for: tuple[str, int]  # the host and the port on which it listens
    model: tuple[Path, Classes]
    output: str  # that whoever has started it can read by now
    steps: list[str]  # in their order

    def ask(self, path: str, body: bytes = b"", host: str = "localhost") -> tuple[int, Any]:
        """Return the status of an answer and its JSON, or its bytes if it is none."""
        method = "POST" if body else "GET"
        status, content = ask(self.app, method, path, body, {"host": host})
        try:
            return status, json.loads(content)
        except ValueError:
            return status, content


Start = Callable[..., Served]


@pytest.fixture
def start(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Give a function that runs the command; it listens on any free port, whatever is asked for."""
    steps: list[str] = []
    given: dict[str, Any] = {"steps": steps}
    written = io.BytesIO()
    listener = socket.create_server(("127.0.0.1", 0))

    def listen(*address: Any) -> socket.socket:
        steps.append("listen")
        given["asked_for"] = address
        return listener

    def start_workers(*model: Any) -> Any:
        steps.append("start workers")
        given["model"] = model
        return workers_here(reader)

    def serve(app: Guard, listening: socket.socket, is_behind_proxy: bool) -> None:
        given["port"] = listening.getsockname()[1]
        given.update({"app": app, "is_behind_proxy": is_behind_proxy})
        given["output"] = written.getvalue().decode()

    monkeypatch.setattr(command, "prepare_process", lambda: steps.append("prepare"))
    monkeypatch.setattr(command, "listen", listen)
    monkeypatch.setattr(command, "started_workers", start_workers)
    monkeypatch.setattr(command, "serve", serve)

    def run(*arguments: object) -> Served:
        monkeypatch.setattr(sys, "argv", ["app", *map(str, arguments)])
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", io.TextIOWrapper(written, "utf-8"))
            command.main()
        return Served(**given)

    with listener:
        yield run


def test_serves_the_model_to_this_machine_alone(start: Start, model: Path) -> None:
    """It says where, before a client comes; each route has its part, and other names are refused.

    No client may claim to be another one, and nothing is written. If the port is in use, that is
    said before the workers start, which takes a while.
    """
    served = start("--model", model)
    assert served.steps == ["prepare", "listen", "start workers"]
    assert served.output == (
        f"http://127.0.0.1:{served.port} (Ctrl-C ends it)\nmodel: {describe(model)}\n"
    )
    assert served.asked_for == ("127.0.0.1", 8000)
    assert (served.model, served.is_behind_proxy) == ((model, DIGITS), False)
    known = {"model": describe(model), "classes": [*DIGITS], "teach": ""}
    assert served.ask("/model", host="[::1]:8000") == (200, known)
    status, answer = served.ask("/read", encoded(drawn(4)))
    assert (status, answer["text"]) == (200, "4")
    assert served.ask("/steps", encoded(drawn(4)))[1].startswith(b"\x89PNG")
    question = {"image": answer["digits"][0]["image"], "digit": 4}
    assert [*served.ask("/why", json.dumps(question).encode())[1]] == ["importance"]
    refusal = {"error": f"unknown host, expected one of {LOOPBACK}"}
    assert served.ask("/model", host="digits.example") == (421, refusal)
    assert served.ask("/teach?label=4", encoded(drawn(4)))[0] == 404


def test_serves_further_names(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """All others are still refused, and a proxy may say who its clients are; a log is kept."""
    names = ("--allow-host", "digits.example", "--allow-host", "b.example")
    served = start(*names, "--host", "0.0.0.0", "--access-log")
    assert served.is_behind_proxy
    for host, status in (("b.example", 200), ("digits.example", 200), ("c.example", 421)):
        assert served.ask("/model", host=host)[0] == status
        assert f" GET /model {status} " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("host", "shown", "is_open"),
    [
        ("::", "[::]", True),
        ("::1", "[::1]", False),
    ],
)
def test_an_address_for_others_has_any_name(
    start: Start, host: str, shown: str, is_open: bool
) -> None:
    """Nobody knows how other machines call this one; an IPv6 address has brackets around it."""
    served = start("--host", host, "--port", "0")
    assert served.asked_for == (host, 0)
    assert served.output.startswith(f"http://{shown}:{served.port} (Ctrl-C ends it)\nmodel: ")
    assert served.ask("/model", host="any.example")[0] == (200 if is_open else 421)


def test_teaching_saves_in_the_usual_folder(
    start: Start, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says in which, and the folder need not exist yet."""
    (tmp_path / "handwriting").symlink_to(PROJECT / "handwriting")
    monkeypatch.chdir(tmp_path)
    served = start("--model", model, "--port", "65535", "--teach")
    assert served.asked_for[1] == 65535
    assert served.output.splitlines()[2:] == ["what you correct is saved in data/own/"]
    content = encoded(drawn(4))
    status, saved = served.ask("/teach?label=4", content)
    assert (status, Path(saved["path"]).parent) == (200, Path("data/own/4"))
    assert Path(saved["path"]).read_bytes() == content


def test_teaches_other_classes_in_another_folder(start: Start, tmp_path: Path) -> None:
    """Workers and page learn the names in the file; without --model the model is the usual one."""
    names = tmp_path / "names.json"
    names.write_text('{"classes": ["yes", "no"]}')
    served = start("--teach", tmp_path, "--classes", names)
    assert served.model == (default_model(), ("yes", "no"))
    assert served.ask("/model")[1] == {
        "model": describe(default_model()),
        "classes": ["yes", "no"],
        "teach": str(tmp_path),
    }
    assert served.output.splitlines()[2:] == [f"what you correct is saved in {tmp_path}/"]


@pytest.mark.parametrize("name", ["uvicorn", "fastapi"])
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Who has only what the pipeline needs is told what to type."""
    for module in ("app.web.serve", "app.web.server"):
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SystemExit) as end:
        runpy.run_path(command.__file__)
    assert end.value.code == (
        f"error: {name} is missing; type `pip install -r requirements-app.txt`"
    )


def ended(start: Start, *arguments: object) -> str:
    """Return the message with which the command ends before it serves anything."""
    with pytest.raises(SystemExit) as end:
        start(*arguments)
    return str(end.value.code)


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_has_a_range(start: Start, capsys: pytest.CaptureFixture[str], port: str) -> None:
    """A wrong one ends the command with exit code 2 and says what is allowed."""
    assert ended(start, "--port", port) == "2"
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"python -m app: error: --port: found {port}, expected 0 to 65535"
    )


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0"),
        (["--allow-host", "b.example"], "--allow-host b.example"),
        (["--host", "::", "--allow-host", "b.example"], "--allow-host b.example"),
    ],
)
def test_only_this_machine_may_teach(start: Start, options: list[str], found: str) -> None:
    """With an address or a name for others, --teach says what to type instead."""
    assert ended(start, "--teach", *options) == (
        f"error: --teach: found {found}, expected {LOOPBACK} alone, because whoever reaches the "
        "page saves files; type `python -m app --teach`"
    )


def as_a_user(path: Path, wanted: int) -> bool:
    """Return what `os.access` tells the owner, and not the system's administrator."""
    return (path.stat().st_mode >> 6) & wanted == wanted


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("link", "a link"),
        ("file", "a file"),
        ("0o500", "no permission"),  # to write
        ("0o300", "no permission"),  # to read
        ("0o600", "no permission"),  # to open what is in it
    ],
)
def test_only_a_folder_to_write_in_can_be_taught(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, found: str
) -> None:
    """With anything else in its place, --teach ends before it promises to save."""
    monkeypatch.setattr(os, "access", as_a_user)
    place = tmp_path / "own"
    if kind == "link":
        place.symlink_to(tmp_path)
    elif kind == "file":
        place.touch()
    else:
        place.mkdir(int(kind, 8))
    assert ended(start, "--teach", place) == (
        f"error: --teach: found {found} at {place}, expected a folder to write in; "
        "type `python -m app --teach FOLDER`"
    )
