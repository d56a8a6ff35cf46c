"""The routes of --teach: POST /teach saves a correction, POST /teach/undo takes it back.

Whoever reaches them writes files, so they serve only pages and programs of this machine.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from app.own_folder import FolderError, LabelError, OwnFolder, Saved
from app.web.addresses import is_loopback
from app.web.api import SavedJson, UndoBody, UndoneJson, parsed
from app.web.guard import LOOPBACK, host_name, is_foreign
from app.web.limits import Bodies
from app.web.openapi import READ_BODY, describe_body, describe_errors, json_body

MAX_UNDO_BYTES = 1 << 10
# What a proxy adds when it passes on what another machine sent.
FORWARDED = {"forwarded", "x-forwarded-for", "x-real-ip"}
ReadExample = Callable[[bytes], Awaitable[tuple[bytes, str, bytes]]]
ReceivedPicture = Callable[[Request], AbstractAsyncContextManager[bytes]]


class Memory(Protocol):
    """What goes by the corrections: `app.teaching.Examples`, whose import takes long."""

    def add(self, file: str, pixels: bytes, label: int) -> None: ...

    def remove(self, file: str) -> None: ...

    def adjusted(self, answer: dict[str, Any]) -> dict[str, Any]: ...


class NoMemory:
    """Goes by nothing: with other classes than digits, a correction is saved and no more."""

    def add(self, file: str, pixels: bytes, label: int) -> None:
        pass

    def remove(self, file: str) -> None:
        pass

    def adjusted(self, answer: dict[str, Any]) -> dict[str, Any]:
        return answer


class Teacher:
    """Saves corrections in the folder of own pictures, and lets the next answers go by them."""

    def __init__(self, folder: OwnFolder, examples: Memory, read_example: ReadExample) -> None:
        self.folder, self._examples, self._read_example = folder, examples, read_example
        self._lock = asyncio.Lock()  # one change of the folder at a time
        self.adjusted = examples.adjusted

    async def save(self, content: bytes, label: str) -> Saved:
        """Save a picture of one class; raise `PictureError` if it is none, or `FolderError`."""
        self.folder.check_label(label)
        picture, suffix, pixels = await self._read_example(content)
        async with self._lock:
            saved = await asyncio.to_thread(self.folder.save, picture, suffix, label)
            for other in self.folder.classes:  # it may have moved
                self._examples.remove(f"{other}/{saved.name}")
            self._examples.add(f"{label}/{saved.name}", pixels, self.folder.classes.index(label))
        return saved

    async def undo(self, label: str, name: str) -> None:
        """Take back a picture that was saved here, or raise `FolderError`."""
        async with self._lock:
            await asyncio.to_thread(self.folder.take_back, label, name)
            self._examples.remove(f"{label}/{name}")


def add_teaching(
    app: FastAPI, teacher: Teacher, received_picture: ReceivedPicture, bodies: Bodies
) -> None:
    """Add the two routes to an application."""
    errors = describe_errors(400, 403, 408, 413, 415, 421, 422, 500, 503, 507)

    def place(label: str, name: str) -> str:
        return (teacher.folder.path / label / name).as_posix()

    @app.exception_handler(FolderError)
    async def folder_error(_: Request, error: FolderError) -> Response:
        return JSONResponse({"error": str(error)}, 422 if isinstance(error, LabelError) else 507)

    @app.post(
        "/teach",
        summary="Save a picture of one digit as a picture of a class (only with --teach)",
        response_model=SavedJson,
        responses=errors,
        openapi_extra=describe_body(
            READ_BODY, "a picture of one digit, or the image of a digit that /read gave"
        ),
    )
    async def teach(
        request: Request, label: str = Query("", description="the class, one of GET /model's")
    ) -> Response:
        refuse_strangers(request)
        async with received_picture(request) as picture:
            saved = await teacher.save(picture, label)
            path = place(saved.label, saved.name)
            return JSONResponse(SavedJson(**saved._asdict(), path=path).model_dump())

    @app.post(
        "/teach/undo",
        summary="Take back a picture that /teach has saved (only with --teach)",
        response_model=UndoneJson,
        responses=errors,
        openapi_extra=describe_body(json_body(UndoBody), "what /teach gave; at most 1 KiB"),
    )
    async def undo(request: Request) -> Response:
        refuse_strangers(request)
        async with bodies.received(
            request, MAX_UNDO_BYTES, lambda content: parsed(UndoBody, content)
        ) as saved:
            await teacher.undo(saved.label, saved.name)
            return JSONResponse({"path": place(saved.label, saved.name)})


def refuse_strangers(request: Request) -> None:
    """Raise a 421 or a 403 unless this machine sends the request, under a name of its own."""
    host = request.headers.get("host", "")
    if host_name(host) not in LOOPBACK:
        raise HTTPException(421, f"unknown host, expected one of {', '.join(LOOPBACK)}")
    if is_foreign(request.headers, host):
        raise HTTPException(403, "a page of another site may not use this server")
    passed_on = FORWARDED & {*request.headers}
    if passed_on or not request.client or not is_loopback(request.client.host):
        raise HTTPException(403, "only the machine that the server runs on may teach it")
