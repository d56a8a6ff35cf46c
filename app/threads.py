"""Recognition for the server, in threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from app.api import as_json
from app.arrays import UInt8Array
from app.classifier import Classifier
from app.reader import Reader
from app.why import importance

WORKERS = 2  # pictures that are recognised at once
TURNS = 2 * WORKERS  # requests: the next picture is at hand when a thread becomes free
Result = TypeVar("Result")


class Threads:
    """Recognises pictures and explains digits, beside the event loop."""

    def __init__(self, reader: Reader, classify: Classifier) -> None:
        self._reader, self._classify = reader, classify
        self._pool = ThreadPoolExecutor(WORKERS)

    async def recognise(self, content: bytes) -> dict[str, Any]:
        return await self._run(lambda: as_json(self._reader.recognise(content)))

    async def explain(self, image: UInt8Array, digit: int) -> list[list[float]]:
        def rows() -> list[list[float]]:
            return [list(map(float, row)) for row in importance(self._classify, image, digit)]

        return await self._run(rows)

    async def _run(self, task: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, task)
