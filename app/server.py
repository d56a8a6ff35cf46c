"""The page's server: the page itself, and POST /read, a picture in and its digits out.

Answers JSON, errors too: {"error": why}. No path from a request is ever opened.
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

from app.picture import PictureError, TooLargeError, UnknownFormatError
from app.reader import Answer, Reader

MOST_BYTES = 16 << 20  # of one request
MOST_BODIES = 8  # requests whose pictures are in memory at once, until they have been read
WORKERS = 2  # pictures that are read at once
TIMEOUT = 10.0  # seconds to wait for others, then to send a picture, and again to read it
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


def create_app(reader: Reader, hosts: list[str]) -> Starlette:
    """Make the application; it reads only for requests that name one of `hosts`, if there are any.

    Else any page in the person's browser could have its own name lead here.
    """
    pool = ThreadPoolExecutor(WORKERS)
    bodies = asyncio.Semaphore(MOST_BODIES)

    async def read(request: Request) -> Response:
        if hosts and _host(request) not in hosts:
            raise HTTPException(421, f"only {', '.join(hosts)} is answered")
        async with _in_time(503, "too many pictures at once; try again"):
            await bodies.acquire()
        try:
            async with _in_time(408, f"the picture did not arrive within {TIMEOUT:.0f} s"):
                content = await _body(request)
        except BaseException:
            bodies.release()
            raise
        loop = asyncio.get_running_loop()
        reading = loop.run_in_executor(pool, _answer, reader, content)
        # Also of a picture that nobody waits for any longer: it is in memory until then.
        reading.add_done_callback(lambda _: bodies.release())
        try:
            async with _in_time(503, f"not read within {TIMEOUT:.0f} s; try again"):
                answer = await asyncio.shield(reading)
        except PictureError as error:
            raise HTTPException(STATUS[type(error)], str(error)) from error
        return JSONResponse(answer, headers=HEADERS)

    return Starlette(
        routes=[
            Route("/read", read, methods=["POST"]),
            *(Route(path, _file(name, kind)) for path, (name, kind) in PAGE.items()),
        ],
        exception_handlers={HTTPException: _error, Exception: _fault},
    )


def _host(request: Request) -> str:
    """Return the name that the request gives to this server, without the port.

    From the header itself: Starlette puts the server's address for a name that it cannot parse.
    """
    return re.sub(r":\d*$", "", request.headers.get("host", "")).strip("[]").lower()


@asynccontextmanager
async def _in_time(status: int, otherwise: str) -> AsyncIterator[None]:
    """Answer with an error if what is awaited inside takes longer than `TIMEOUT`."""
    try:
        async with asyncio.timeout(TIMEOUT):
            yield
    except TimeoutError:
        raise HTTPException(status, otherwise) from None


async def _body(request: Request) -> bytes:
    """Return the request's body, and stop reading it where it is larger than allowed."""
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MOST_BYTES:
                raise HTTPException(413, f"more than {MOST_BYTES >> 20} MiB")
    except ClientDisconnect:
        raise HTTPException(400, "the connection was closed before all had arrived") from None
    return bytes(content)


def _answer(reader: Reader, content: bytes) -> dict[str, Any]:
    reading = reader.read(content)
    return {"digits": [_digit(answer) for answer in reading.answers], "fault": reading.fault}


def _digit(answer: Answer) -> dict[str, Any]:
    image = io.BytesIO()
    Image.fromarray(answer.image).save(image, "PNG")
    return {
        "digit": answer.digit,
        "confidence": answer.confidence,
        "probabilities": answer.probabilities,
        "box": answer.box,
        "image": f"data:image/png;base64,{base64.b64encode(image.getvalue()).decode()}",
    }


def _file(name: str, kind: str) -> Any:
    content = (Path(__file__).parent / "page" / name).read_bytes()

    async def respond(_: Request) -> Response:
        return Response(content, media_type=kind, headers=HEADERS)

    return respond


async def _error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    # The rest of a body that was not read would be taken for the next request.
    headers = HEADERS | dict(error.headers or {}) | {"Connection": "close"}
    return JSONResponse({"error": error.detail}, error.status_code, headers)


async def _fault(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "a fault in the program"}, 500, HEADERS)
