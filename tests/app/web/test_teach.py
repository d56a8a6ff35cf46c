import asyncio
import http.client
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image
from starlette.types import Message

from app.classes import DIGITS
from app.own_folder import OwnFolder, name_of
from app.web.guard import LOOPBACK
from app.web.server import MAX_BYTES
from app.web.teach import Teacher
from pictures.files import UnknownFormatError
from tests.app.conftest import NAMES, Named, Server, drawn, encoded, images_in
from tests.app.conftest import serving as serving_page
from tests.app.web.serving import application, serving

PICTURE = b"\x89PNG a picture"
NAME = name_of(PICTURE, ".png")


class NoMemory:
    """Stands in for the corrections that answers go by."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def add(self, file: str, _: bytes, __: int) -> None:
        self.files.append(file)

    def remove(self, file: str) -> None:
        self.files = [other for other in self.files if other != file]

    def adjusted(self, answer: dict[str, Any]) -> dict[str, Any]:
        return answer


async def read_png(content: bytes) -> tuple[bytes, str, bytes]:
    """Stand in for the reading of a picture of one digit."""
    if not content.startswith(b"\x89PNG"):
        raise UnknownFormatError("not a picture in a known format")
    return content, ".png", bytes(28 * 28)


class Lesson:
    """A server that is taught, without a model."""

    def __init__(self, folder: Path, port: int, memory: NoMemory) -> None:
        self.folder, self.port, self.memory = folder, port, memory

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
        """Send a POST with headers, such as Host, and return the status and the JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=100)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", path, body, names)
        response = connection.getresponse()
        status, content = response.status, json.loads(response.read())
        connection.close()
        return status, content

    def undo(self, label: object, name: object) -> tuple[int, dict[str, Any]]:
        return self.post("/teach/undo", json.dumps({"label": label, "name": name}).encode())

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*"))


@pytest.fixture
def lesson(tmp_path: Path) -> Iterator[Lesson]:
    """Give a server that saves corrections in a folder of its own."""
    memory = NoMemory()
    teacher = Teacher(OwnFolder(tmp_path / "data" / "own", DIGITS), memory, read_png)
    with serving(application(hosts=LOOPBACK, teacher=teacher)) as port:
        yield Lesson(tmp_path, port, memory)


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
        assert lesson.memory.files == [f"{label}/{NAME}"]
    assert lesson.undo("7", NAME) == (200, {"path": f"{lesson.folder}/data/own/7/{NAME}"})
    assert lesson.files() == ["data", "data/own"]
    assert lesson.memory.files == []


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
    assert "No space left on device" in answer["error"]
    assert lesson.files() == ["data", "data/own"]
    assert lesson.memory.files == []


@pytest.mark.parametrize(
    ("client", "host", "status"),
    [
        ("127.0.0.1", "localhost", 200),
        ("::1", "[::1]:8000", 200),
        ("::ffff:127.0.0.1", "127.0.0.1", 200),
        ("192.0.2.1", "127.0.0.1", 403),
        ("", "127.0.0.1", 403),
        ("127.0.0.1", "elsewhere.example", 421),
    ],
)
def test_the_route_itself_serves_this_machine_alone(
    tmp_path: Path, client: str, host: str, status: int
) -> None:
    """Whatever hosts the server allows, another machine or name saves nothing."""
    teacher = Teacher(OwnFolder(tmp_path / "own", DIGITS), NoMemory(), read_png)
    app, sent = application(teacher=teacher), list[Message]()
    parts = iter([{"type": "http.request", "body": PICTURE, "more_body": False}])

    async def receive() -> Message:
        return next(parts)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/teach", "query_string": b"label=3"}
    scope |= {"headers": [(b"host", host.encode())], "client": (client, 1)}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == status
    assert (tmp_path / "own").exists() == (status == 200)


def test_without_teaching_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is not taught has no such routes, and says so to the page."""
    monkeypatch.chdir(tmp_path)
    with serving(application(hosts=LOOPBACK)) as port:
        lesson = Lesson(tmp_path, port, NoMemory())
        for path in ("/teach?label=3", "/teach/undo"):
            assert lesson.post(path, PICTURE) == (404, {"error": "Not Found"})
        url = f"http://127.0.0.1:{port}"
        assert requests.get(f"{url}/model", timeout=100).json()["teach"] == ""
        paths = requests.get(f"{url}/openapi.json", timeout=100).json()["paths"]
    assert not [path for path in paths if "teach" in path]
    assert lesson.files() == []


def test_the_routes_are_described(lesson: Lesson) -> None:
    """With --teach OpenAPI has both routes, their answers, and each status that they give."""
    url = f"http://127.0.0.1:{lesson.port}"
    paths = requests.get(f"{url}/openapi.json", timeout=100).json()["paths"]
    for path, answer in (("/teach", "SavedJson"), ("/teach/undo", "UndoneJson")):
        responses = paths[path]["post"]["responses"]
        assert {"200", "403", "413", "415", "421", "422", "507"} <= set(responses)
        schema = responses["200"]["content"]["application/json"]["schema"]["$ref"]
        assert schema.endswith(answer)
    folder = requests.get(f"{url}/model", timeout=100).json()["teach"]
    assert folder == f"{lesson.folder}/data/own"


@pytest.fixture(scope="module")
def taught(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """Give the page's server with --teach, and its folder, in which a picture is already."""
    tmp_path = tmp_path_factory.mktemp("taught")
    own = tmp_path / "data" / "own"
    for label, name, content in (
        ("3", "seven.png", encoded(drawn(7))),
        ("3", "row.png", encoded(drawn(1, 2))),
        ("3", "damaged.png", b"\x89PNG"),
    ):
        (own / label).mkdir(parents=True, exist_ok=True)
        (own / label / name).write_bytes(content)
    with serving_page(model, tmp_path, "--teach", str(own)) as server:
        yield server, own


def read(server: Server, content: bytes) -> dict[str, Any]:
    """Return the answer to a picture."""
    answer: dict[str, Any] = requests.post(f"{server.url}/read", content, timeout=100).json()
    return answer


@pytest.mark.slow
def test_pictures_of_earlier_visits_are_known(taught: tuple[Server, Path]) -> None:
    """An answer goes by the folder's pictures from the start; others stay, byte for byte."""
    answer = read(taught[0], encoded(drawn(7)))
    assert (answer["text"], answer["digits"][0]["taught"]) == ("3", True)
    assert "taught" not in read(taught[0], encoded(drawn(4)))["digits"][0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "suffix"), [("JPEG", ".jpg"), ("WEBP", ".webp"), ("TIFF", ".tif")]
)
def test_a_picture_is_saved_as_it_was_sent(
    taught: tuple[Server, Path], kind: str, suffix: str
) -> None:
    """The file has the very bytes, and the suffix of its real format."""
    server, own = taught
    content = encoded(drawn(5), kind)
    saved = requests.post(f"{server.url}/teach?label=6", content, timeout=100).json()
    assert saved["name"] == name_of(content, suffix)
    assert (own / "6" / saved["name"]).read_bytes() == content
    assert read(server, content)["text"] == "6"
    undo = {"label": "6", "name": saved["name"]}
    assert requests.post(f"{server.url}/teach/undo", json=undo, timeout=100).status_code == 200
    assert read(server, content)["text"] == "5"
    assert not (own / "6").exists()


@pytest.mark.slow
def test_a_digit_of_a_row_is_saved_as_its_image(taught: tuple[Server, Path]) -> None:
    """The image that /read gave of a digit can be taught, and changes that digit of the row."""
    server, own = taught
    row = encoded(drawn(4, 2))
    image = read(server, row)["digits"][1]["image"].partition(",")[2]
    saved = requests.post(
        f"{server.url}/teach?label=0", json={"picture": image}, timeout=100
    ).json()
    [pixels] = images_in((own / "0" / saved["name"]).read_bytes())
    assert (pixels == images_in(row)[1]).all()
    answer = read(server, row)
    assert answer["text"] == "40"
    assert [digit.get("taught", False) for digit in answer["digits"]] == [False, True]


@pytest.mark.slow
def test_other_classes_are_saved_alone(named: Named, tmp_path: Path) -> None:
    """With a model of other classes any picture is saved and taken back; answers stay."""
    own, content = tmp_path / "own", encoded(Image.new("L", (40, 30), 0))
    options = ("--classes", str(named.classes), "--teach", str(own))
    with serving_page(named.model, tmp_path, *options) as server:
        before = read(server, content)
        saved = requests.post(f"{server.url}/teach?label={NAMES[2]}", content, timeout=100).json()
        assert (own / NAMES[2] / saved["name"]).read_bytes() == content
        assert read(server, content) == before
        refused = requests.post(f"{server.url}/teach?label=3", content, timeout=100)
        assert refused.status_code == 422
        undo = {"label": NAMES[2], "name": saved["name"]}
        assert requests.post(f"{server.url}/teach/undo", json=undo, timeout=100).status_code == 200
    assert list(own.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("digits", [(1, 2), ()])
def test_a_picture_of_no_single_digit_is_not_saved(
    taught: tuple[Server, Path], digits: tuple[int, ...]
) -> None:
    """A row as a whole, or an empty sheet, teaches nothing."""
    server, own = taught
    content = encoded(drawn(*digits) if digits else drawn(1, ink="white"))
    answer = requests.post(f"{server.url}/teach?label=8", content, timeout=100)
    assert answer.status_code == 422
    assert f"found {len(digits)} digits" in answer.json()["error"]
    assert not (own / "8").exists()
