"""What the server says beside each answer, and what the page may load because of it."""

import http.client
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from selenium.webdriver import Chrome

from app.classes import DIGITS
from app.own_folder import OwnFolder, name_of
from app.web.guard import LOOPBACK
from app.web.server import MAX_BYTES
from app.web.teach import NoMemory, Teacher
from tests.app.conftest import Server, drawn
from tests.app.web.serving import application, connect, recognise_nothing, serving
from tests.app.web.test_page import answer, as_base64, draw, element, give, page, wait
from tests.conftest import PROJECT

__all__ = ["page"]  # a fixture
PAGE = PROJECT / "app" / "web" / "page"
# Nothing is kept, guessed, told to other sites or shown inside of them.
EXPECTED = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
SELF, NONE = {"'self'"}, {"'none'"}
POLICY = {
    "default-src": NONE,
    "script-src": SELF,
    "style-src": SELF,
    "connect-src": SELF,
    "img-src": {"'self'", "blob:", "data:"},
    "base-uri": NONE,
    "form-action": NONE,
    "frame-ancestors": NONE,
}
# As what browsers take a file, which they do not guess.
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# What every HTTP answer has, and the methods that a 405 lists.
USUAL = {"date", "content-length", "content-type", "connection", "allow"}
FOREIGN = {"Origin": "https://elsewhere.example"}
JSON = {"Content-Type": "application/json"}
SAVED = name_of(b"two", ".png")
REQUESTS: list[tuple[str, str, bytes, dict[str, str], int]] = [
    ("GET", "/model", b"", {}, 200),
    ("GET", "/health", b"", {}, 200),
    ("GET", "/openapi.json", b"", {}, 200),
    ("POST", "/read", b"", {}, 200),
    ("POST", "/steps", b"", {}, 200),
    ("POST", "/why", b'{"image": "", "digit": 1}', {}, 200),
    ("POST", "/teach?label=1", b"one", {}, 200),
    ("POST", "/teach/undo", json.dumps({"label": "2", "name": SAVED}).encode(), {}, 200),
    ("POST", "/read", b"{", JSON, 422),
    ("GET", "/nothing", b"", {}, 404),
    ("GET", "/page/index.html", b"", {}, 404),
    ("GET", "/docs", b"", {}, 404),
    ("GET", "/read", b"", {}, 405),
    ("OPTIONS", "/read", b"", FOREIGN, 403),
    ("OPTIONS", "/read", b"", {}, 405),
    ("POST", "/", b"", {}, 405),
    ("POST", "/read", b"", FOREIGN, 403),
    ("POST", "/read", b"", {"Host": "elsewhere.example"}, 421),
    ("POST", "/read", b"", {"Content-Length": str(MAX_BYTES + 1)}, 413),
    ("POST", "/read", b"crash", {}, 500),
    ("POST", "/why", b"{}", {}, 422),
    ("POST", "/teach?label=ten", b"one", {}, 422),
    ("POST", "/teach/undo", b"{}", {}, 422),
]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Give the port of a server that is taught, without a model, in which one body fails."""

    async def recognise(content: bytes) -> dict[str, Any]:
        if content == b"crash":
            raise RuntimeError
        return await recognise_nothing(content)

    async def read_example(content: bytes) -> tuple[bytes, str, bytes]:
        return content, ".png", bytes(28 * 28)

    folder = OwnFolder(tmp_path_factory.mktemp("own"), DIGITS)
    folder.save(b"two", ".png", "2")
    teacher = Teacher(folder, NoMemory(), read_example)
    with serving(application(recognise, LOOPBACK, teacher)) as port:
        yield port


def answered(
    port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], str]:
    """Return the status, the headers by their names in lower case, and the text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=100)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    found = response.status, response.getheaders(), response.read().decode()
    connection.close()
    names = [name.lower() for name, _ in found[1]]
    assert len(names) == len(set(names)), "a header is there twice"
    return found[0], {name.lower(): value for name, value in found[1]}, found[2]


def policy_in(headers: dict[str, str]) -> dict[str, set[str]]:
    """Take the policy out of headers: the sources that each of its directives allows."""
    directives = (part.split() for part in headers.pop("content-security-policy").split(";"))
    return {name: set(sources) for name, *sources in directives}


def assert_expected(headers: dict[str, str]) -> None:
    """Find these headers and no others: none that lets other sites in, none that names programs."""
    assert policy_in(headers) == POLICY
    assert {name: value for name, value in headers.items() if name not in USUAL} == EXPECTED


@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), REQUESTS)
def test_every_answer_has_the_same_headers(
    port: int, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    """Answers, refusals and failures of each route, also of --teach, have the same headers."""
    found, received, _ = answered(port, method, path, body, headers)
    assert found == status
    assert ("allow" in received) == (status == 405)
    assert_expected(received)


def test_every_file_of_the_page_has_the_headers(port: int) -> None:
    """No file of the page comes without its policy, or as another type than its own."""
    for file in PAGE.iterdir():
        path = "/" if file.name == "index.html" else f"/{file.name}"
        status, headers, content = answered(port, "GET", path)
        assert (status, content) == (200, file.read_text())
        assert headers["content-type"].partition(";")[0] == TYPES[file.suffix]
        assert_expected(headers)


def test_what_is_not_http_is_answered_with_the_headers(port: int) -> None:
    """The connection answers before the application sees a request, and does the same."""
    with connect(port) as connection:
        connection.sendall(b"no request\r\n\r\n")
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert response.status == 400
        assert_expected({name.lower(): value for name, value in response.getheaders()})


class Loads(HTMLParser):
    """Lists what a page loads and runs: the directive of the policy, and the address."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "script":
            self.found.append(("script-src", values.get("src", "inline:")))
        if tag == "style" or "style" in values:
            self.found.append(("style-src", "inline:"))
        if any(name.startswith("on") for name in values):
            self.found.append(("script-src", "inline:"))
        if tag == "link":
            is_style = values["rel"] == "stylesheet"
            self.found.append(("style-src" if is_style else "img-src", values["href"]))
        if tag == "img" and "src" in values:
            self.found.append(("img-src", values["src"]))
        if tag in ("iframe", "object", "embed", "audio", "video", "form", "base"):
            self.found.append(("default-src", tag))


def loads_of(page: str, scripts: list[str], styles: list[str]) -> list[tuple[str, str]]:
    """Return what a page with its scripts and styles loads, by the directives of the policy."""
    parser = Loads()
    parser.feed(page)
    imported = re.compile(r"(?:\bfrom|\bimport|\bimport\()\s*[\"']([^\"']+)")
    asked = re.compile(r"\b(?:fetch|post|postForPicture)\(\s*[\"'`]([^\"'`]+)")
    drawn = re.compile(r"(?:url\(|@import)\s*[\"']?([^\"')\s]+)")
    return [
        *parser.found,
        *(("script-src", address) for text in scripts for address in imported.findall(text)),
        *(("connect-src", address) for text in scripts for address in asked.findall(text)),
        *(("img-src", address) for text in styles for address in drawn.findall(text)),
    ]


def refused(policy: dict[str, set[str]], loads: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what a policy does not allow; an address without a scheme is the server's own."""
    allowed = []
    for directive, address in loads:
        scheme = re.match(r"[a-z]+:|//", address)
        source = scheme[0] if scheme else "'self'"
        if source in policy.get(directive, policy["default-src"]):
            allowed.append((directive, address))
    return [load for load in loads if load not in allowed]


def test_the_policy_allows_what_the_page_loads(port: int) -> None:
    """All scripts, styles, pictures and questions of the page are the server's own, and there."""
    _, headers, index = answered(port, "GET", "/")
    scripts, styles = (
        [file.read_text() for file in PAGE.glob(f"*.{kind}")] for kind in ("js", "css")
    )
    loads = loads_of(index, scripts, styles)
    assert refused(policy_in(headers), loads) == []
    own = {address.removeprefix("./") for directive, address in loads if directive == "script-src"}
    assert own == {file.name for file in PAGE.glob("*.js")}
    assert {"page.css", "data:,", "model"} <= {address for _, address in loads}


@pytest.mark.parametrize(
    ("page", "script", "style"),
    [
        ('<script src="https://cdn.example/a.js"></script>', "", ""),
        ('<script src="//cdn.example/a.js"></script>', "", ""),
        ("<script>alert(1)</script>", "", ""),
        ('<p onclick="alert(1)">', "", ""),
        ('<p style="color: red">', "", ""),
        ('<link rel="stylesheet" href="https://cdn.example/a.css">', "", ""),
        ('<iframe src="page.html"></iframe>', "", ""),
        ("", 'import { a } from "https://cdn.example/a.js";', ""),
        ("", 'await fetch("https://elsewhere.example/read")', ""),
        ("", "", "p { background: url(https://elsewhere.example/a.png) }"),
    ],
)
def test_the_policy_refuses_everything_else(page: str, script: str, style: str) -> None:
    """A page that loads from elsewhere, or has code between its words, would not work."""
    assert refused(POLICY, loads_of(page, [script], [style]))


@pytest.mark.slow
def test_the_programs_own_answers_name_no_program(server: Server) -> None:
    """The server as `python -m app` starts it adds no header with its name and version."""
    assert_expected(answered(int(server.url.rpartition(":")[2]), "GET", "/")[1])


@pytest.mark.slow
def test_a_browser_finds_nothing_that_the_policy_forbids(page: Chrome) -> None:
    """Drawing, a picture, "Why?" and "Steps" leave no error; a script of another kind does."""
    page.get_log("browser")  # forgets what was logged before
    page.refresh()
    draw(page, 4)
    assert answer(page, "^4 ")
    give(page, "drop", **{"three.png": as_base64(drawn(3))})
    assert answer(page, "^3 ")
    for button, shown in (("why", "heat"), ("steps", "panels")):
        wait(page, element(page, button).is_enabled)
        element(page, button).click()
        wait(page, element(page, shown).is_displayed)
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []

    page.execute_script(
        "const script = document.createElement('script');"
        "script.textContent = 'document.title = `changed`';"
        "document.body.append(script);"
    )
    logged: list[str] = []

    def is_refused() -> bool:
        logged.extend(entry["message"] for entry in page.get_log("browser"))
        return any("Content Security Policy" in message for message in logged)

    wait(page, is_refused)
    assert page.title == "Your own digits"
