"""The web server: the page, and an API for programs, described in docs/api.md and by OpenAPI.

POST /read answers a picture with its digits, POST /steps with a drawing of the steps to them, and
POST /why a digit's image with what mattered in it. If the server was told to (`app.web.teach`),
POST /teach saves a correction. An error is {"error": why}. A request's path is only compared with
the known routes, and never opened.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import Lifespan

from app.classes import DIGITS, Classes
from app.web.api import (
    HealthJson,
    ImportanceJson,
    ModelJson,
    ReadingJson,
    parsed,
    picture_in,
    why_body,
)
from app.web.guard import Guard
from app.web.limits import LARGE_ROOM, SMALL_ROOM, Bodies, is_small
from app.web.openapi import PNG, READ_BODY, describe_body, describe_errors, json_body
from app.web.teach import Teacher, add_teaching
from pictures.files import PictureError, TooLargeError, UnknownFormatError

MAX_BYTES = 16 << 20  # of one request
MAX_WHY_BYTES = 16 << 10
STATUS = {TooLargeError: 413, UnknownFormatError: 415, PictureError: 422}
MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
Recognise = Callable[[bytes], Awaitable[dict[str, Any]]]
DrawSteps = Callable[[bytes], Awaitable[bytes]]
Explain = Callable[[str, int], Awaitable[list[list[float]]]]


def create_app(
    recognise: Recognise,
    draw_steps: DrawSteps,
    explain: Explain,
    model: str,
    hosts: list[str],
    access_log: bool = False,
    lifespan: Lifespan[FastAPI] | None = None,
    classes: Classes = DIGITS,
    teacher: Teacher | None = None,
) -> Guard:
    """Create the application.

    Args:
        recognise: takes a picture file and returns a `ReadingJson`, or raises `PictureError`.
        draw_steps: takes a picture file and returns its steps, drawn, as a PNG file, or raises
            `PictureError`.
        explain: takes a digit's image, as /read gave it, and the digit; returns the importance
            (28, 28), or raises `PictureError`.
        model: describes the model for people.
        hosts: the names under which the server may be called; any name if there are none.
        access_log: print a line for each request.
        lifespan: what else begins and ends with the server.
        classes: that the model tells apart.
        teacher: saves corrections; without one nothing is ever written.
    """
    app = FastAPI(
        title="Handwritten digits",
        version="1",
        description="Recognises handwritten digits in pictures.",
        docs_url=None,  # these pages load their scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers={
            HTTPException: _http_error,
            PictureError: _picture_error,
            Exception: _internal_error,
        },
    )
    question_form = why_body(len(classes))
    small, large = Bodies(SMALL_ROOM), Bodies(LARGE_ROOM)
    picture_errors = describe_errors(400, 403, 408, 413, 415, 421, 422, 500, 503)
    picture_body = describe_body(
        READ_BODY, "a picture file, with all around it at most 16 MiB; as it is: of any type"
    )

    def received_picture(request: Request) -> AbstractAsyncContextManager[bytes]:
        take = partial(picture_in, request.headers.get("content-type", ""))
        bodies = small if is_small(request) else large
        return bodies.received(request, MAX_BYTES, take)

    @app.post(
        "/read",
        summary="Recognise the digits of a picture",
        response_model=ReadingJson,
        responses=picture_errors,
        openapi_extra=picture_body,
    )
    async def read(request: Request) -> Response:
        async with received_picture(request) as picture:
            answer = await recognise(picture)
            return JSONResponse(teacher.adjusted(answer) if teacher else answer)

    @app.post(
        "/steps",
        summary="Draw the steps from a picture to its digits",
        response_class=Response,
        responses=PNG | picture_errors,
        openapi_extra=picture_body,
    )
    async def steps(request: Request) -> Response:
        async with received_picture(request) as picture:
            return Response(await draw_steps(picture), media_type="image/png")

    @app.post(
        "/why",
        summary="Say which places of a digit's image matter",
        response_model=ImportanceJson,
        responses=describe_errors(400, 403, 408, 413, 421, 422, 500, 503),
        openapi_extra=describe_body(
            json_body(question_form), "an image that /read gave, and a digit; at most 16 KiB"
        ),
    )
    async def why(request: Request) -> Response:
        take = partial(parsed, question_form)
        async with small.received(request, MAX_WHY_BYTES, take) as question:
            importance = await explain(question.image, question.digit)
            return JSONResponse({"importance": importance})

    @app.get("/model", summary="Say which model reads", responses=describe_errors(421))
    async def describe_model() -> ModelJson:
        folder = teacher.folder.path.as_posix() if teacher else ""
        return ModelJson(model=model, classes=list(classes), teach=folder)

    @app.get("/health", summary="Say that the server is there")
    async def health() -> HealthJson:
        return HealthJson(status="ok")

    if teacher:
        add_teaching(app, teacher, received_picture, small)
    for file in sorted((Path(__file__).parent / "page").iterdir()):
        if file.suffix in MEDIA_TYPES:
            path = "/" if file.name == "index.html" else f"/{file.name}"
            app.add_route(path, _page_file(file))
    return Guard(app, hosts, access_log)


def _page_file(file: Path) -> Callable[[Request], Awaitable[Response]]:
    content, media_type = file.read_bytes(), MEDIA_TYPES[file.suffix]

    async def respond(_: Request) -> Response:
        return Response(content, media_type=media_type)

    return respond


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _picture_error(_: Request, error: Exception) -> Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return JSONResponse({"error": str(error)}, status)


async def _internal_error(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "an internal error of the server"}, 500)
