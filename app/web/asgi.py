"""The application for any ASGI server, in as many processes as wanted.

docs/api.md has the command for uvicorn. The environment variable ALLOWED_HOSTS has the names under
which it may be called, with commas between them; without it, any. Each process has workers and
limits of its own. `app.web.connections` has the limits on connections; it is for uvicorn alone.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import FastAPI

from app.models import default_model, describe
from app.startup import known_classes, started_workers
from app.web.recognition import Recognition
from app.web.server import create_app
from app.workers import Workers

_model = default_model()
_classes = known_classes(_model)


@cache
def _workers() -> Workers:
    return started_workers(_model, _classes)


@cache
def _recognition() -> Recognition:
    return Recognition(_workers())


async def _recognise(content: bytes) -> dict[str, Any]:
    return await _recognition().recognise(content)


async def _draw_steps(content: bytes) -> bytes:
    return await _recognition().draw_steps(content)


async def _explain(image: str, digit: int) -> list[list[float]]:
    return await _recognition().explain(image, digit)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Start the workers with the server: their threads would not survive if it forked later."""
    _recognition()
    yield
    _workers().stop()


app = create_app(
    _recognise,
    _draw_steps,
    _explain,
    describe(_model),
    [name.strip() for name in os.environ.get("ALLOWED_HOSTS", "").split(",") if name.strip()],
    lifespan=_lifespan,
    classes=_classes,
)
