"""Each route: what it passes on, what it answers, and how much it takes; without a model."""

import asyncio
import base64
import importlib
import json
import sys
from typing import Any

import pytest

from app import tasks
from app.classes import DIGITS
from app.models import default_model
from app.web import connections, limits, serve, server, turns
from app.web.connections import BODY, HEADER, TIME, WORK
from app.web.form import MAX_PARTS
from app.web.guard import Guard
from app.web.server import create_app
from app.worker import PATIENT
from app.workers import Workers
from pictures.files import MoreNeededError, PictureError, TooLargeError, UnknownFormatError
from tests.app.lanes import AtOnce
from tests.app.web.clock import timeless
from tests.app.web.serving import (
    EMPTY,
    answer_on,
    application,
    ask,
    asked,
    connect,
    head,
    serving,
)
from tests.conftest import PROJECT

MIB = 1 << 20


def made(classes: tuple[str, ...] = DIGITS, access_log: bool = False) -> Guard:
    """Return an application that answers with what it was given."""

    async def recognise(content: bytes) -> dict[str, Any]:
        return EMPTY | {"text": content.decode()}

    async def draw_steps(content: bytes) -> bytes:
        return b"drawn: " + content

    async def explain(image: str, digit: int) -> list[list[float]]:
        return [[len(image), digit]]

    return create_app(
        recognise, draw_steps, explain, "a model", [], access_log=access_log, classes=classes
    )


def test_each_route_answers_what_it_was_asked() -> None:
    """Pictures come in three forms; questions and answers are JSON."""
    app = made()
    form = {"content-type": "multipart/form-data; boundary=line"}
    part = b'--line\r\nContent-Disposition: form-data; name="picture"\r\n\r\npicture\r\n--line--'
    encoded = json.dumps({"picture": base64.b64encode(b"picture").decode()}).encode()
    for body, headers in (
        (b"picture", {}),
        (part, form),
        (encoded, {"content-type": "application/json"}),
    ):
        status, content = ask(app, "POST", "/read", body, headers)
        assert (status, json.loads(content)) == (200, EMPTY | {"text": "picture"})
        assert ask(app, "POST", "/steps", body, headers) == (200, b"drawn: picture")
    question = b'{"image": "12345", "digit": 9}'
    assert ask(app, "POST", "/why", question) == (200, b'{"importance":[[5,9]]}')
    status, content = ask(app, "GET", "/model")
    about = {"model": "a model", "classes": [*"0123456789"], "teach": ""}
    assert (status, json.loads(content)) == (200, about)
    assert ask(app, "GET", "/health") == (200, b'{"status":"ok"}')


@pytest.mark.parametrize(("digit", "status"), [(0, 200), (2, 200), (3, 422), (-1, 422)])
def test_other_classes_are_told_and_asked_about(digit: int, status: int) -> None:
    """The names of a model's classes are its own, and so is the number of the last one."""
    app = made(("ankle boot", "T-shirt/top", "sneaker"))
    classes = json.loads(ask(app, "GET", "/model")[1])["classes"]
    assert classes == ["ankle boot", "T-shirt/top", "sneaker"]
    question = json.dumps({"image": "", "digit": digit}).encode()
    found, content = ask(app, "POST", "/why", question)
    assert found == status
    if status == 422:
        error = f'"digit": found {digit}, expected a whole number from 0 to 2'
        assert json.loads(content) == {"error": error}


@pytest.mark.parametrize(
    ("path", "largest", "said"),
    [
        ("/read", 16 * MIB, "more than 16 MiB"),
        ("/steps", 16 * MIB, "more than 16 MiB"),
        ("/why", 16 << 10, "more than 16 KiB"),
    ],
)
def test_a_body_has_a_largest_size(path: str, largest: int, said: str) -> None:
    """A body that is announced too large is refused before it comes, with the limit."""
    app = made()
    for size, allowed in ((largest, True), (largest + 1, False)):
        status, content = ask(app, "POST", path, b"{}", {"content-length": str(size)})
        assert (status == 413) == (not allowed)
        assert allowed or json.loads(content) == {"error": said}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TooLargeError("why"), 413),
        (UnknownFormatError("why"), 415),
        (PictureError("why"), 422),
        (MoreNeededError("why"), 422),
    ],
)
def test_a_picture_that_cannot_be_read_has_a_status(error: PictureError, status: int) -> None:
    """The status says of which kind the fault is, and the line what it is."""

    async def refuse(_: bytes) -> Any:
        raise error

    app = application(refuse)
    assert ask(app, "POST", "/read", b"a") == (status, b'{"error":"why"}')


def test_a_fault_of_the_server_is_not_told() -> None:
    """Nobody outside learns more than that it happened."""

    async def fail(_: bytes) -> Any:
        raise RuntimeError("a secret")

    with serving(application(fail)) as port, connect(port) as client:
        client.sendall(head("/read", 1) + b"a")
        assert answer_on(client) == (500, {"error": "an internal error of the server"})


def test_what_is_nowhere_is_said_in_json() -> None:
    """A wrong path and a wrong method get one line, and no way to another path."""
    app = made()
    assert ask(app, "GET", "/nothing") == (404, b'{"error":"Not Found"}')
    assert ask(app, "POST", "/read/") == (404, b'{"error":"Not Found"}')
    assert ask(app, "GET", "/read") == (405, b'{"error":"Method Not Allowed"}')
    assert ask(app, "GET", "/redoc")[0] == ask(app, "GET", "/docs")[0] == 404


def test_an_access_log_is_kept_if_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    """--access-log prints a line for each request; without it there is none."""
    ask(application(), "GET", "/health")
    assert capsys.readouterr().out == ""
    ask(made(access_log=True), "GET", "/health")
    assert " 127.0.0.1 GET /health 200 " in capsys.readouterr().out


@timeless
async def test_large_bodies_do_not_keep_small_ones_out() -> None:
    """Three bodies of 16 MiB find room, and beside them 16 of 1 MiB, but not one more of each."""
    go_on = asyncio.Event()

    async def recognise(_: bytes) -> dict[str, Any]:
        await go_on.wait()
        return EMPTY

    app = application(recognise)

    async def statuses(size: int, count: int) -> list[asyncio.Task[tuple[int, bytes]]]:
        body = bytes(size)
        tasks = [asyncio.create_task(asked(app, "POST", "/read", body)) for _ in range(count)]
        await asyncio.sleep(1)
        return tasks

    large, small = await statuses(16 * MIB, 4), await statuses(MIB, 17)
    busy = json.dumps({"error": turns.BUSY}, separators=(",", ":")).encode()
    refused = [task.result() for task in large + small if task.done()]
    assert refused == [(503, busy)] * 2
    assert (large[3].done(), small[16].done()) == (True, True)
    go_on.set()
    assert [(await task)[0] for task in large[:3] + small[:16]] == [200] * 19


def test_the_documented_limits_are_those_of_the_server() -> None:
    """Who runs or calls a server goes by docs/api.md."""
    text = " ".join((PROJECT / "docs" / "api.md").read_text().split())
    for sentence in (
        f"more than {server.MAX_BYTES >> 20} MiB (for /why {server.MAX_WHY_BYTES >> 10} KiB), too",
        f"not read within {PATIENT.seconds:.0f} s",
        f"the body did not arrive within {limits.BODY_TIME:.0f} s",
        f"this one waited {turns.QUEUE_TIME:.0f} s for its turn",
        f"after at most {serve.GRACE} s for the requests at work",
        f"waits at most {turns.QUEUE_TIME:.0f} s for its turn",
        f"{connections.MAX_PER_ADDRESS} connections are the limit",
        f"{turns.MAX_WAITING_PER_ADDRESS} of one address",
        f"{TIME[HEADER]:.0f} s for the header of a request and {limits.BODY_TIME:.0f} s for the b",
        f"it ends after {TIME[WORK]:.0f} s",
        f"{connections.MAX_CONNECTIONS:,} connections, and {connections.MAX_PER_ADDRESS} of one",
        f"Bodies of at most {limits.SMALL >> 20} MiB together take at most "
        f"{limits.SMALL_ROOM >> 20} MiB, and larger ones {limits.LARGE_ROOM >> 20} MiB",
        f"at most 16 KiB and {connections.MAX_LINES} lines",
        f"a form of more than {MAX_PARTS} fields",
    ):
        assert sentence in text
    assert TIME[BODY] == limits.BODY_TIME + 1  # so that the answer comes first


def test_the_importable_application_starts_workers_with_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has none before, as their threads would not survive a fork, and ends them with it."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("ALLOWED_HOSTS", " a.example, ,b.example:1,")
    monkeypatch.delitem(sys.modules, "app.web.asgi", raising=False)
    module = importlib.import_module("app.web.asgi")
    answers = {
        tasks.recognise_picture: EMPTY,
        tasks.draw_steps: b"steps",
        tasks.explain: [[1.0]],
    }
    workers = AtOnce(lambda task, *_: answers[task])
    started: list[Any] = []

    def start(*arguments: Any) -> Workers:
        started.append(arguments)
        return workers.as_workers()

    monkeypatch.setattr(module, "started_workers", start)

    async def main() -> None:
        to_app: asyncio.Queue[Any] = asyncio.Queue()
        from_app: asyncio.Queue[Any] = asyncio.Queue()
        scope = {"type": "lifespan", "state": {}}
        life = asyncio.create_task(module.app(scope, to_app.get, from_app.put))
        assert started == []
        await to_app.put({"type": "lifespan.startup"})
        assert (await from_app.get())["type"] == "lifespan.startup.complete"
        assert started == [(default_model(), DIGITS)]
        for host in ("a.example", "B.example"):
            named = {"host": host}
            assert (await asked(module.app, "POST", "/read", b"", named))[0] == 200
            assert await asked(module.app, "POST", "/steps", b"", named) == (200, b"steps")
            question = b'{"image": "", "digit": 1}'
            answer = (200, b'{"importance":[[1.0]]}')
            assert await asked(module.app, "POST", "/why", question, named) == answer
        assert (await asked(module.app, "GET", "/model", b"", {"host": "c.example"}))[0] == 421
        assert workers.stopped == 0
        await to_app.put({"type": "lifespan.shutdown"})
        assert (await from_app.get())["type"] == "lifespan.shutdown.complete"
        await life

    asyncio.run(main())
    assert (len(started), workers.stopped) == (1, 1)
