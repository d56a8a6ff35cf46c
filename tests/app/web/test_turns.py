import asyncio
import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.web import turns as module
from app.web.turns import Turns
from tests.app.web.serving import EMPTY, answer_on, application, connect, head, serving


def test_turns_are_taken_in_order_by_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one turn taken, two requests wait for it in their order, and a third gets a 503."""
    monkeypatch.setattr(module, "QUEUE_TIME", None)

    async def main() -> None:
        turns, order = Turns(1, max_waiting=2), []

        async def request(name: str) -> None:
            async with turns.turn():
                order.append(name)

        async with turns.turn():
            waiting = [asyncio.create_task(request(name)) for name in "ab"]
            await asyncio.sleep(0)
            with pytest.raises(HTTPException, match="busy"):
                await request("one too many")
        await asyncio.wait(waiting)
        assert order == ["a", "b"]

    asyncio.run(main())


def asking(address: str, is_gone: bool = False) -> Request:
    """Return a request whose body has been read."""

    async def receive() -> dict[str, str]:
        if is_gone:
            return {"type": "http.disconnect"}
        return await asyncio.Future()

    return Request({"type": "http", "headers": [], "client": (address, 1)}, receive)


async def turn_of(turns: Turns, request: Request, served: list[Request]) -> None:
    module.served_request.set(request)
    async with turns.turn():
        served.append(request)


def test_who_has_gone_gets_no_turn() -> None:
    """A turn passes over the requests of clients that have disconnected while they waited."""

    async def main() -> None:
        turns, served = Turns(1, 10), list[Request]()
        waiting = [asking("a", is_gone=True), asking("b"), asking("c", is_gone=True), asking("d")]
        async with turns.turn():
            tasks = [asyncio.create_task(turn_of(turns, one, served)) for one in waiting]
            await asyncio.sleep(0)
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert served == [waiting[1], waiting[3]]
        assert [isinstance(error, HTTPException) for error in errors] == [True, False, True, False]

    asyncio.run(main())


def test_one_address_leaves_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only some requests of one address (in IPv6, network) wait; another's may join them."""
    monkeypatch.setattr(module, "MAX_WAITING_PER_ADDRESS", 2)

    async def main() -> None:
        turns, served = Turns(1, 10), list[Request]()
        addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1"]
        waiting = [asking(address) for address in addresses]
        async with turns.turn():
            tasks = [asyncio.create_task(turn_of(turns, one, served)) for one in waiting]
            await asyncio.wait([tasks[2]])
            assert isinstance(tasks[2].exception(), HTTPException)
        await asyncio.wait(tasks)
        assert served == [waiting[0], waiting[1], waiting[3]]
        await turn_of(turns, waiting[2], served)

    asyncio.run(main())


def test_a_gone_client_frees_its_turn_with_the_server() -> None:
    """The server itself tells a turn that a client has closed its connection."""
    held: list[bytes] = []
    go_on = threading.Event()
    turns = Turns(1, 10)
    asked: list[Request] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def recognise(content: bytes) -> dict[str, Any]:
        request = module.served_request.get()
        assert request
        loops.append(asyncio.get_running_loop())
        asked.append(request)
        async with turns.turn():
            held.append(content)
            await asyncio.to_thread(go_on.wait)
        return EMPTY

    with serving(application(recognise)) as port, ExitStack() as stack:
        stack.callback(go_on.set)
        first, gone, last = (stack.enter_context(connect(port)) for _ in range(3))
        for number, (connection, content) in enumerate([(first, b"a"), (gone, b"b"), (last, b"c")]):
            connection.sendall(head("/read", 1) + content)
            while len(asked) <= number:
                time.sleep(0.002)
        gone.close()
        while not asyncio.run_coroutine_threadsafe(asked[1].is_disconnected(), loops[0]).result():
            time.sleep(0.002)
        go_on.set()
        assert answer_on(last) == (200, EMPTY)
    assert held == [b"a", b"c"]


def test_a_turn_is_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that waits too long for its turn gets a 503; the next one is served."""
    monkeypatch.setattr(module, "QUEUE_TIME", 0.01)

    async def main() -> None:
        turns = Turns(1, 10)
        async with turns.turn():
            with pytest.raises(HTTPException, match="busy"):
                async with turns.turn():
                    pass
        async with turns.turn():
            pass

    asyncio.run(main())
