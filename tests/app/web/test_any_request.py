"""Requests of any form, to an application that decodes pictures and reads none."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.classes import DIGITS
from app.own_folder import OwnFolder
from app.web.server import create_app
from app.web.teach import NoMemory, Teacher
from app.why import image_in
from pictures.decode import decode
from tests.app.web.bodies import BODIES
from tests.app.web.serving import EMPTY, ask

Ask = Callable[..., tuple[int, bytes]]
PATHS = ["/read", "/steps", "/why", "/teach?label=3", "/teach/undo", "/health", "/", "/nothing"]
LATIN = st.text(st.characters(max_codepoint=255), max_size=20)
HEADERS = st.fixed_dictionaries(
    {"host": st.sampled_from(["127.0.0.1", "localhost:8000", "[::1]", "[", ""])},
    optional={
        "content-type": st.builds(
            "{}; {}".format,
            st.sampled_from(["application/json", "multipart/form-data", "image/png"]),
            st.one_of(st.just("boundary=line"), LATIN),
        ),
        "content-length": st.sampled_from(["3", "-1", "\xb2", "1e3", "9" * 5000]),
        "origin": st.sampled_from(["http://127.0.0.1", "http://[", "null", ""]),
    },
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Give a function that asks an application, which is taught too."""

    async def recognise(content: bytes) -> dict[str, Any]:
        decode(content)
        return EMPTY

    async def draw_steps(content: bytes) -> bytes:
        decode(content)
        return b""

    async def explain(image: str, _: int) -> list[list[float]]:
        return [[float(image_in(image)[0, 0])]]

    async def read_example(content: bytes) -> tuple[bytes, str, bytes]:
        return content, ".png", bytes(28 * 28)

    teacher = Teacher(OwnFolder(tmp_path_factory.mktemp("own"), DIGITS), NoMemory(), read_example)
    app = create_app(recognise, draw_steps, explain, "none", [], teacher=teacher)
    return lambda *request: ask(app, *request)


@given(
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT"]),
    path=st.sampled_from(PATHS),
    headers=HEADERS,
    body=BODIES,
)
@example("POST", "/read", {"content-length": "9" * 5000}, b"")
@example("POST", "/read", {"content-type": "multipart/form-data; boundary*=a; boundary*0=b"}, b"")
def test_any_request_is_answered_or_refused_in_one_line(
    asked: Ask, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    """Whatever is sent, the fault is the sender's, and the answer says what it is."""
    status, content = asked(method, path, body, headers)
    assert status in (200, 403, 404, 405, 413, 415, 421, 422)
    if status != 200:
        error = json.loads(content)
        assert [*error] == ["error"]
        assert error["error"].isprintable()
        assert 0 < len(error["error"]) < 300
