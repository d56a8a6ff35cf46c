"""The API keeps what /openapi.json says, whatever is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from app.classes import DIGITS
from app.own_folder import OwnFolder
from app.web.api import why_body
from app.web.openapi import json_body
from app.web.teach import NoMemory, Teacher
from tests.app.conftest import Server
from tests.app.web.serving import application, ask

if TYPE_CHECKING:  # its import takes a second, in every process
    import schemathesis

EXAMPLES = 20  # for each operation and mode


@pytest.fixture(scope="session")
def api(server: Server) -> schemathesis.BaseSchema:
    """Load the description of the API from the server."""
    import schemathesis
    from schemathesis.checks import load_all_checks

    load_all_checks()
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        *(
            ("POST", path, mode)
            for path in ("/read", "/steps", "/why")
            for mode in ("positive", "negative")
        ),
        ("GET", "/model", "positive"),
        ("GET", "/health", "positive"),
    ],
)
def test_keeps_its_description(
    api: schemathesis.BaseSchema, method: str, path: str, mode: str
) -> None:
    """Each answer to made-up requests, right and wrong ones, has a described status and form."""
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    @given(case=api[path][method].as_strategy(generation_mode=GenerationMode(mode)))
    @settings(max_examples=EXAMPLES, derandomize=True, deadline=None, database=None)
    def check(case: schemathesis.Case[Any]) -> None:
        # Made-up bytes have the described form, but are no picture.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    check()


BODIES = {
    "application/octet-stream": {"type": "string", "format": "binary"},
    "multipart/form-data": {
        "type": "object",
        "properties": {"picture": {"type": "string", "format": "binary"}},
        "required": ["picture"],
    },
    "application/json": {"picture": "string"},
}
UNDO = {"application/json": {"label": "string", "name": "string"}}
WHY = {"application/json": {"image": "string", "digit": "integer"}}
PNG = {"image/png": {"type": "string", "format": "binary"}}
ANY = {421, 403}
ANY_BODY = ANY | {400, 408, 413, 422, 500, 503}
PICTURE = ANY_BODY | {415}
LARGEST = {"/why": "16 KiB", "/teach/undo": "1 KiB"}
ROUTES: dict[str, tuple[Any, Any, set[int]]] = {
    "POST /read": (BODIES, "ReadingJson", PICTURE),
    "POST /steps": (BODIES, PNG, PICTURE),
    "POST /why": (WHY, "ImportanceJson", ANY_BODY),
    "POST /teach": (BODIES, "SavedJson", PICTURE | {507}),
    "POST /teach/undo": (UNDO, "UndoneJson", PICTURE | {507}),
    "GET /model": (None, "ModelJson", {421}),
    "GET /health": (None, "HealthJson", set()),
}


def shortened(content: dict[str, Any]) -> Any:
    """Return the name of an answer's form, the types of a JSON body, or a schema as it is."""
    schemas = {kind: one["schema"] for kind, one in content.items()}
    if "$ref" in schemas.get("application/json", {}):
        assert [*schemas] == ["application/json"]
        return schemas["application/json"]["$ref"].rpartition("/")[2]
    if "application/json" in schemas:
        described = schemas["application/json"]
        assert described["additionalProperties"] is False
        assert [*described["properties"]] == described["required"]
        types = {name: one["type"] for name, one in described["properties"].items()}
        schemas["application/json"] = types
    return schemas


def test_describes_the_body_the_answer_and_the_errors_of_each_route(tmp_path: Path) -> None:
    """Programs are written by it, and none knows of /teach unless the server is taught."""

    async def read_example(content: bytes) -> tuple[bytes, str, bytes]:
        return content, ".png", b""

    teacher = Teacher(OwnFolder(tmp_path, DIGITS), NoMemory(), read_example)
    for app, is_taught in ((application(), False), (application(teacher=teacher), True)):
        content = json.loads(ask(app, "GET", "/openapi.json")[1])
        found, descriptions = {}, set()
        for path, methods in content["paths"].items():
            for method, route in methods.items():
                body = route.get("requestBody")
                if body:
                    assert body["required"]
                    largest = LARGEST.get(path, "16 MiB")
                    assert path == "/teach" or f"at most {largest}" in body["description"]
                responses = {
                    int(status): shortened(response["content"])
                    for status, response in route["responses"].items()
                }
                descriptions |= {
                    (status, response["description"])
                    for status, response in route["responses"].items()
                    if status != "200"
                }
                answer = responses.pop(200)
                assert {*responses.values()} <= {"ErrorJson"}
                name = f"{method.upper()} {path}"
                found[name] = body and shortened(body["content"]), answer, {*responses}
        assert found == {name: ROUTES[name] for name in ROUTES if is_taught or "teach" not in name}
        assert len(descriptions) == len(dict(descriptions))  # each status means one thing
        assert dict(descriptions)["408"] == "the body did not arrive within 10 s"
        assert (content["info"]["title"], content["info"]["version"]) == ("Handwritten digits", "1")
        forms = content["components"]["schemas"]
        assert forms["ErrorJson"]["required"] == ["error"]
        rows = forms["ImportanceJson"]["properties"]["importance"]
        for size in (rows, rows["items"]):
            assert (size["minItems"], size["maxItems"]) == (28, 28)


@pytest.mark.parametrize("classes", [10, 26])
def test_describes_which_classes_may_be_asked_about(classes: int) -> None:
    """The numbers of the classes go from 0 to the last one."""
    body = json_body(why_body(classes))["application/json"]["schema"]
    assert body["title"] == "WhyBody"
    digit = body["properties"]["digit"]
    assert (digit["minimum"], digit["maximum"]) == (0, classes - 1)
