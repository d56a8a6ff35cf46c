import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.classes import DIGITS
from app.own_folder import OwnFolder, name_of
from app.web.guard import LOOPBACK
from app.web.server import MAX_BYTES
from app.web.teach import Teacher, refuse_strangers
from pictures.files import UnknownFormatError
from tests.app.web.serving import application, ask

PICTURE = b"\x89PNG a picture"
NAME = name_of(PICTURE, ".png")
PIXELS = bytes(range(196)) * 4


class Memory:
    """Stands in for the corrections that answers go by."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[bytes, int]] = {}

    def add(self, file: str, pixels: bytes, label: int) -> None:
        self.known[file] = pixels, label

    def remove(self, file: str) -> None:
        self.known.pop(file, None)

    def adjusted(self, answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"text": ", ".join(self.known)}


async def read_png(content: bytes) -> tuple[bytes, str, bytes]:
    """Stand in for the reading of a picture of one digit."""
    if not content.startswith(b"\x89PNG"):
        raise UnknownFormatError("not a picture in a known format")
    return content, ".png", PIXELS


class Lesson:
    """An application that is taught, without a model."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.memory = folder, Memory()
        teacher = Teacher(OwnFolder(folder / "data" / "own", DIGITS), self.memory, read_png)
        self.app = application(hosts=LOOPBACK, teacher=teacher)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        """Send a request with headers, such as Host, and return the status and the JSON."""
        names = {name.lower().replace("_", "-"): value for name, value in headers.items()}
        status, content = ask(self.app, method, path, body, {"host": "localhost"} | names)
        return status, json.loads(content)

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
        return self.ask("POST", path, body, **headers)

    def undo(self, label: object, name: object) -> tuple[int, Any]:
        return self.post("/teach/undo", json.dumps({"label": label, "name": name}).encode())

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*"))


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    """Give an application that saves corrections in a folder of its own."""
    return Lesson(tmp_path)


def test_a_correction_is_saved_moved_and_undone(lesson: Lesson) -> None:
    """The answer says where the picture is; there is one of it, and after undo none."""
    for label in ("1", "7"):
        path = f"{lesson.folder}/data/own/{label}/{NAME}"
        saved = {"label": label, "name": NAME, "path": path, "is_new": True}
        assert lesson.post(f"/teach?label={label}", PICTURE) == (200, saved)
        assert Path(path).read_bytes() == PICTURE
        assert lesson.files() == [
            "data",
            "data/own",
            f"data/own/{label}",
            f"data/own/{label}/{NAME}",
        ]
        assert lesson.memory.known == {f"{label}/{NAME}": (PIXELS, int(label))}
        assert lesson.post("/read", PICTURE)[1]["text"] == f"{label}/{NAME}"
    assert lesson.undo("7", NAME) == (200, {"path": f"{lesson.folder}/data/own/7/{NAME}"})
    assert lesson.files() == ["data", "data/own"]
    assert lesson.memory.known == {}


@pytest.mark.parametrize(
    ("query", "body", "headers", "status"),
    [
        ("?label=../3", PICTURE, {}, 422),
        ("?label=%2e%2e%2f3", PICTURE, {}, 422),
        ("?label=3%00", PICTURE, {}, 422),
        ("?label=10", PICTURE, {}, 422),
        ("?label=", PICTURE, {}, 422),
        ("", PICTURE, {}, 422),
        ("/../../3?label=3", PICTURE, {}, 404),
        ("?label=3", b"<svg/>", {}, 415),
        ("?label=3", b'{"picture": 3}', {"Content_Type": "application/json"}, 422),
        ("?label=3", b"x" * (MAX_BYTES + 1), {}, 413),
        ("?label=3", PICTURE, {"Origin": "http://elsewhere.example"}, 403),
        ("?label=3", PICTURE, {"Sec_Fetch_Site": "cross-site"}, 403),
        ("?label=3", PICTURE, {"Host": "elsewhere.example"}, 421),
        ("?label=3", PICTURE, {"X_Forwarded_For": "203.0.113.7"}, 403),
    ],
)
def test_hostile_corrections_write_nothing(
    lesson: Lesson, query: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    """Path tricks, other classes, no pictures and foreign senders get one line, and no file."""
    found, answer = lesson.post(f"/teach{query}", body, **headers)
    assert found == status
    assert list(answer) == ["error"]
    assert "\n" not in answer["error"]
    assert lesson.files() == []


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("3", "mine.png"),
        ("3", "../../../mine.png"),
        ("..", NAME),
        ("4", NAME),
        ("3", f"../3/{NAME}"),
        (3, NAME),
        ("3", None),
        (["3"], NAME),
    ],
)
def test_undo_deletes_nothing_else(lesson: Lesson, label: object, name: object) -> None:
    """Only a file that the page has saved is deleted, named exactly as the page was told."""
    lesson.post("/teach?label=3", PICTURE)
    for place in (".", "data/own/3"):
        (lesson.folder / place / "mine.png").touch()
    before = lesson.files()
    status, answer = lesson.undo(label, name)
    assert (status, list(answer)) == (422, ["error"])
    assert "\n" not in answer["error"]
    assert lesson.files() == before


@pytest.mark.parametrize("place", ["data/own", "data/own/3"])
def test_a_linked_folder_gets_nothing(lesson: Lesson, place: str) -> None:
    """A link in place of the folder gets a 507, and nothing is written where it leads."""
    (lesson.folder / "elsewhere").mkdir()
    link = lesson.folder / place
    link.parent.mkdir(parents=True)
    link.symlink_to(lesson.folder / "elsewhere")
    status, answer = lesson.post("/teach?label=3", PICTURE)
    assert status == 507
    assert answer["error"].endswith(f"{place}: a link; expected a folder to write in")
    assert list((lesson.folder / "elsewhere").iterdir()) == []


def test_a_full_disk_is_said(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full gets a 507, and neither a file nor a correction stays."""

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    status, answer = lesson.post("/teach?label=3", PICTURE)
    assert (status, list(answer)) == (507, ["error"])
    assert answer["error"].startswith(f"{lesson.folder}/data/own/3: No space left on device; ")
    assert lesson.files() == ["data", "data/own"]
    assert lesson.memory.known == {}


STRANGER = "only the machine that the server runs on may teach it"
UNKNOWN = "unknown host, expected one of 127.0.0.1, localhost, ::1"
FOREIGN = "a page of another site may not use this server"


@pytest.mark.parametrize(
    ("client", "headers", "refusal"),
    [
        ("127.0.0.1", {"host": "localhost"}, None),
        ("127.0.0.1", {"host": "localhost:1", "origin": "http://localhost:1"}, None),
        ("::1", {"host": "[::1]:8000"}, None),
        ("::ffff:127.0.0.1", {"host": "127.0.0.1"}, None),
        ("127.255.0.9", {"host": "127.0.0.1"}, None),
        ("::1%lo", {"host": "localhost"}, None),
        ("192.0.2.1", {"host": "127.0.0.1"}, (403, STRANGER)),
        ("::ffff:192.0.2.1", {"host": "127.0.0.1"}, (403, STRANGER)),
        ("2001:db8::1", {"host": "127.0.0.1"}, (403, STRANGER)),
        ("", {"host": "127.0.0.1"}, (403, STRANGER)),
        ("a socket", {"host": "127.0.0.1"}, (403, STRANGER)),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "127.0.0.1"}, (403, STRANGER)),
        ("127.0.0.1", {"host": "localhost", "x-real-ip": "127.0.0.1"}, (403, STRANGER)),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=127.0.0.1"}, (403, STRANGER)),
        ("127.0.0.1", {"host": "elsewhere.example"}, (421, UNKNOWN)),
        ("127.0.0.1", {}, (421, UNKNOWN)),
        ("127.0.0.1", {"host": "localhost", "origin": "http://a.example"}, (403, FOREIGN)),
        ("127.0.0.1", {"host": "localhost", "sec-fetch-site": "cross-site"}, (403, FOREIGN)),
    ],
)
def test_the_routes_themselves_serve_this_machine_alone(
    client: str, headers: dict[str, str], refusal: tuple[int, str] | None
) -> None:
    """Whatever hosts the server allows, whoever passes a request on: no stranger may write."""
    scope = {"type": "http", "client": (client, 1) if client else None}
    raw = [(name.encode(), text.encode()) for name, text in headers.items()]
    with ExitStack() as stack:
        if refusal:
            caught = stack.enter_context(pytest.raises(HTTPException))
        refuse_strangers(Request(scope | {"headers": raw}))
    assert not refusal or (caught.value.status_code, caught.value.detail) == refusal


def test_a_stranger_reaches_neither_route(tmp_path: Path) -> None:
    """Also where the server allows all hosts, another machine saves nothing and undoes nothing."""
    teacher = Teacher(OwnFolder(tmp_path, DIGITS), Memory(), read_png)
    app = application(teacher=teacher)
    host = {"host": "localhost"}
    saved = json.dumps({"label": "3", "name": NAME}).encode()
    for client, status in (("192.0.2.1", 403), ("127.0.0.1", 200)):
        for path, body in (("/teach?label=3", PICTURE), ("/teach/undo", saved)):
            assert ask(app, "POST", path, body, host, client=client)[0] == status
            assert (tmp_path / "3").exists() == (status == 200 and path != "/teach/undo")


@pytest.mark.parametrize(("size", "status"), [(1 << 10, 422), ((1 << 10) + 1, 413)])
def test_what_is_undone_is_named_in_a_few_bytes(lesson: Lesson, size: int, status: int) -> None:
    """A body of 1 KiB is looked at, and a larger one is not."""
    found, answer = lesson.post("/teach/undo", b" " * size)
    assert found == status
    assert status == 422 or answer == {"error": "more than 1 KiB"}


def test_without_teaching_nothing_is_written(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is not taught has no such routes, and says so to the page."""
    monkeypatch.chdir(lesson.folder)
    lesson.app = application(hosts=LOOPBACK)
    for path in ("/teach?label=3", "/teach/undo"):
        assert lesson.post(path, PICTURE) == (404, {"error": "Not Found"})
    assert lesson.ask("GET", "/model")[1]["teach"] == ""
    assert not [path for path in lesson.ask("GET", "/openapi.json")[1]["paths"] if "teach" in path]
    assert lesson.files() == []


def test_a_server_that_is_taught_says_where(lesson: Lesson) -> None:
    """The page tells its visitor the folder of the corrections."""
    assert lesson.ask("GET", "/model")[1]["teach"] == f"{lesson.folder}/data/own"
