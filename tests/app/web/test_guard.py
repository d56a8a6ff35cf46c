import asyncio

from starlette.types import Message, Receive, Scope, Send

from app.web.guard import Guard


def test_a_request_that_outlasts_the_server_is_answered() -> None:
    """A request that is given up because the server ends gets a 503, with the usual headers."""
    sent: list[Message] = []

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        raise asyncio.CancelledError

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    scope = {"type": "http", "method": "POST", "path": "/read", "headers": []}
    asyncio.run(Guard(app, [], access_log=False)(scope, receive, send))
    assert sent[0]["status"] == 503
    assert (b"referrer-policy", b"no-referrer") in sent[0]["headers"]
    assert b"the server is ending" in sent[1]["body"]
