"""The API keeps what /openapi.json says, whatever is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given, settings

from tests.app.conftest import Server

if TYPE_CHECKING:  # its import takes a second, in every process
    import schemathesis

pytestmark = pytest.mark.slow

EXAMPLES = 20  # for each operation and mode


@pytest.fixture(scope="session")
def api(server: Server) -> schemathesis.BaseSchema:
    """Load the description of the API from the server."""
    import schemathesis
    from schemathesis.checks import load_all_checks

    load_all_checks()
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


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


def test_describes_bodies_answers_and_errors(server: Server) -> None:
    """Each POST has its bodies, its answer and its errors; each error is one line of JSON."""
    paths = requests.get(f"{server.url}/openapi.json", timeout=100).json()["paths"]
    assert set(paths) == {"/read", "/steps", "/why", "/model", "/health"}
    for path in ("/read", "/steps"):
        bodies = paths[path]["post"]["requestBody"]["content"]
        assert set(bodies) == {
            "application/octet-stream",
            "multipart/form-data",
            "application/json",
        }
    drawing = paths["/steps"]["post"]["responses"].pop("200")
    assert set(drawing["content"]) == {"image/png"}
    answers = {"/read": "ReadingJson", "/steps": None, "/why": "ImportanceJson"}
    for path, answer in answers.items():
        responses = paths[path]["post"]["responses"]
        schemas = {
            status: response["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
            for status, response in responses.items()
        }
        assert schemas.pop("200", None) == answer
        assert set(schemas.values()) == {"ErrorJson"}
        assert {"400", "403", "408", "413", "421", "422", "500", "503"} <= set(schemas)
