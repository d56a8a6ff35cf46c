"""The web server: it serves the page, and POST /read answers a picture with its digits as JSON.

The answer is {"digits": [...], "reason": why the picture is rejected, or ""}; an error is
{"error": why}. GET /model says which model answers. A request's path is only compared with the
known routes, and never opened.
"""

import asyncio
import base64
import io
import re
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.files import PictureError, TooLargeError, UnknownFormatError
from app.reader import Answer, Reader

MAX_BYTES = 16 << 20  # of one request
MAX_BODIES = 6  # requests whose pictures are in memory at once
WORKERS = 2  # pictures that are recognised at once
TIMEOUT = 10.0  # seconds for each: to wait for other requests, to receive, and to recognise
STATUS = {TooLargeError: 413, UnknownFormatError: 415, PictureError: 422}
PAGE = {"/": ("index.html", "text/html"), "/page.css": ("page.css", "text/css")} | {
    "/page.js": ("page.js", "text/javascript")
}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(reader: Reader, model: str, hosts: list[str]) -> Starlette:
    """Create the application; `model` describes the reader's model for people.

    If `hosts` are given, only requests that name one of them as their host may send pictures.
    This stops DNS rebinding: a foreign page whose own domain name resolves to this address.
    """
    pool = ThreadPoolExecutor(WORKERS)
    bodies = asyncio.Semaphore(MAX_BODIES)

    async def recognise(request: Request) -> Response:
        if hosts and _host(request) not in hosts:
            raise HTTPException(421, f"unknown host, expected one of {', '.join(hosts)}")
        async with _time_limit(503, "the server is busy with other pictures; try again"):
            await bodies.acquire()
        try:
            async with _time_limit(408, f"the picture did not arrive within {TIMEOUT:.0f} s"):
                content = await _load_body(request)
        except BaseException:
            bodies.release()
            raise
        loop = asyncio.get_running_loop()
        result = loop.run_in_executor(pool, _recognise, reader, content)
        # A picture stays in memory until it is recognised, even if its request is given up.
        result.add_done_callback(lambda _: bodies.release())
        try:
            async with _time_limit(503, f"not recognised within {TIMEOUT:.0f} s; try again"):
                answer = await asyncio.shield(result)
        except PictureError as error:
            raise HTTPException(STATUS[type(error)], str(error)) from error
        return JSONResponse(answer, headers=HEADERS)

    async def describe_model(_: Request) -> Response:
        return JSONResponse({"model": model}, headers=HEADERS)

    return Starlette(
        routes=[
            Route("/model", describe_model),
            Route("/read", recognise, methods=["POST"]),
            *(
                Route(path, _page_file(name, media_type))
                for path, (name, media_type) in PAGE.items()
            ),
        ],
        exception_handlers={HTTPException: _error, Exception: _internal_error},
    )


def _host(request: Request) -> str:
    """Return the request's host in lower case, without the port.

    It is taken from the header, because Starlette replaces a host that it cannot parse with the
    server's own address.
    """
    return re.sub(r":\d*$", "", request.headers.get("host", "")).strip("[]").lower()


@asynccontextmanager
async def _time_limit(status: int, message: str) -> AsyncIterator[None]:
    """Answer with an error if the block takes longer than `TIMEOUT`."""
    try:
        async with asyncio.timeout(TIMEOUT):
            yield
    except TimeoutError:
        raise HTTPException(status, message) from None


async def _load_body(request: Request) -> bytes:
    """Return the request's body; stop receiving when it exceeds `MAX_BYTES`."""
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MAX_BYTES:
                raise HTTPException(413, f"more than {MAX_BYTES >> 20} MiB")
    except ClientDisconnect:
        raise HTTPException(
            400, "the connection was closed before the whole picture arrived"
        ) from None
    return bytes(content)


def _recognise(reader: Reader, content: bytes) -> dict[str, Any]:
    reading = reader.recognise(content)
    return {"digits": [_as_json(answer) for answer in reading.answers], "reason": reading.reason}


def _as_json(answer: Answer) -> dict[str, Any]:
    image = io.BytesIO()
    Image.fromarray(answer.image).save(image, "PNG")
    return {
        "digit": answer.digit,
        "confidence": answer.confidence,
        "probabilities": answer.probabilities,
        "box": answer.box,
        "image": f"data:image/png;base64,{base64.b64encode(image.getvalue()).decode()}",
    }


def _page_file(name: str, media_type: str) -> Any:
    content = (Path(__file__).parent / "page" / name).read_bytes()

    async def respond(_: Request) -> Response:
        return Response(content, media_type=media_type, headers=HEADERS)

    return respond


async def _error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    # An open connection would treat the rest of an unread body as the next request.
    headers = HEADERS | dict(error.headers or {}) | {"Connection": "close"}
    return JSONResponse({"error": error.detail}, error.status_code, headers)


async def _internal_error(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "an internal error of the server"}, 500, HEADERS)
