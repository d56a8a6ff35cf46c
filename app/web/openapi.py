"""What /openapi.json says of the bodies and errors that FastAPI cannot tell from the code."""

from typing import Any

from app.web.api import Body, ErrorJson, PictureBody
from app.web.limits import BODY_TIME

ERRORS = {
    400: "not an HTTP request, a body that broke off, or chunks of it that are too small",
    403: "a page of another site sent it, or for /teach another machine",
    408: f"the body did not arrive within {BODY_TIME:.0f} s",
    413: "too many bytes or pixels, or a picture that is not read in time",
    415: "not a picture in a known format",
    421: "the request names a host that is not served here",
    422: "a damaged picture, or a body of the wrong form",
    500: "an internal error of the server",
    503: "busy: too many requests wait, this one waited too long, or there was no room for its "
    "body; or the server is ending",
    507: "the picture could not be written or deleted: the disk is full, for example",
}
FILE = {"type": "string", "format": "binary"}
FORM = {"type": "object", "properties": {"picture": FILE}, "required": ["picture"]}
READ_BODY = {
    "application/octet-stream": {"schema": FILE},
    "multipart/form-data": {"schema": FORM},
    "application/json": {"schema": PictureBody.model_json_schema()},
}
PNG: dict[int | str, dict[str, Any]] = {
    200: {"description": "a PNG file", "content": {"image/png": {"schema": FILE}}}
}


def json_body(kind: type[Body]) -> dict[str, Any]:
    """Return the description of a body that is a JSON object."""
    return {"application/json": {"schema": kind.model_json_schema()}}


def describe_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of the errors that a request may get."""
    return {status: {"model": ErrorJson, "description": ERRORS[status]} for status in statuses}


def describe_body(content: dict[str, Any], description: str) -> dict[str, Any]:
    """Return the description of a request's body, by media type."""
    return {"requestBody": {"required": True, "description": description, "content": content}}
