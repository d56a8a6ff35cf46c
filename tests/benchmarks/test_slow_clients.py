import asyncio

import pytest

from benchmarks.slow_clients import ATTACKS, attacker


@pytest.mark.parametrize("start", [ATTACKS["silent"], ATTACKS["slow body"]])
def test_an_attacker_comes_again(start: str) -> None:
    """When the server closes its connection, also after an answer, an attacker opens the next."""

    async def main() -> None:
        third = asyncio.Event()
        taken = []

        async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken.append(writer)
            if len(taken) == 3:
                third.set()
            writer.write(b"HTTP/1.1 408 Request Timeout\r\n\r\n" if start else b"")
            writer.close()

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        async with server:
            attack = asyncio.create_task(
                attacker(server.sockets[0].getsockname()[1], start, pause=0)
            )
            await third.wait()
            attack.cancel()
            await asyncio.wait([attack])

    asyncio.run(main())
