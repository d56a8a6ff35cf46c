"""Recognition for the server: a few quick pictures at once, and beside them a slow one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from starlette.exceptions import HTTPException

from app.tasks import draw_steps, explain, read_example, recognise_picture
from app.web.turns import Turns
from app.worker import PATIENT
from app.workers import PROCESSES, Workers
from pictures.files import MoreNeededError


class Recognition:
    """Gives requests their turns with the workers."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        # The next picture is at hand when a process becomes free. Few wait for the patient one, as
        # each takes long and keeps its room in memory meanwhile.
        self._quick = Turns(2 * PROCESSES, max_waiting=200)
        self._patient = Turns(1, max_waiting=8)

    async def recognise(self, content: bytes) -> dict[str, Any]:
        """Return a picture file's digits as `app.web.api.ReadingJson`, or raise `PictureError`."""
        answer: dict[str, Any] = await self._run(recognise_picture, content)
        return answer

    async def draw_steps(self, content: bytes) -> bytes:
        """Return the steps of a picture file, drawn, as a PNG file, or raise `PictureError`."""
        drawing: bytes = await self._run(draw_steps, content)
        return drawing

    async def explain(self, image: str, digit: int) -> list[list[float]]:
        """Return what matters in the image (28, 28) of a digit, given as a data URL."""
        importance: list[list[float]] = await self._run(explain, image, digit)
        return importance

    async def read_example(self, content: bytes) -> tuple[bytes, str, bytes]:
        """Return what to save of a picture file, its suffix and the 28x28 pixels of its one digit.

        Raises `PictureError` if it does not show one digit.
        """
        example: tuple[bytes, str, bytes] = await self._run(read_example, content)
        return example

    async def _run(self, task: Callable[..., Any], *arguments: object) -> Any:
        try:
            async with self._quick.turn():
                return await _result(self._workers.quick.submit(task, *arguments))
        except MoreNeededError:
            async with self._patient.turn():
                return await _result(self._workers.patient.submit(task, *arguments))


async def _result(future: Future[Any]) -> Any:
    """Wait for a task, but not for ever: whatever becomes of it, its turn must end."""
    try:
        async with asyncio.timeout(2 * PATIENT.seconds):
            return await asyncio.wrap_future(future)
    except TimeoutError:
        raise HTTPException(503, "the picture was not read in time; try again") from None
