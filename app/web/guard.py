"""Refuse foreign hosts and pages, add headers to each answer, log."""

import asyncio
import re
import time
from contextlib import suppress
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ["127.0.0.1", "localhost", "::1"]
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


class Guard:
    """An ASGI application around another one.

    If `hosts` are given, only requests that name one of them as their host are served, apart from
    GET /health. This stops DNS rebinding: a foreign page whose own domain name resolves to this
    address.
    """

    def __init__(self, app: ASGIApp, hosts: list[str], access_log: bool) -> None:
        self._app = app
        self._hosts = [host_name(host) for host in hosts]
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, start = 0, time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *RAW_HEADERS]
            await send(message)

        app = self._refusal(scope) or self._app
        try:
            await app(scope, receive, send_with_headers)
        except asyncio.CancelledError:  # the server ends, and this request took too long
            if not status:
                ending = JSONResponse({"error": "the server is ending; try again"}, 503)
                await ending(scope, receive, send_with_headers)
        finally:
            if self._access_log:
                _log(scope, status, 1000 * (time.perf_counter() - start))

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        """Return the answer to a request that must not be served."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._hosts and host_name(host) not in self._hosts and scope["path"] != "/health":
            expected = f"unknown host, expected one of {', '.join(self._hosts)}"
            return JSONResponse({"error": expected}, 421)
        if scope["method"] not in ("GET", "HEAD") and is_foreign(headers, host):
            return JSONResponse({"error": "a page of another site may not use this server"}, 403)
        return None


def host_name(host: str) -> str:
    """Return a host without its port: "a.example" of "A.example:8000", "::1" of "[::1]:8000"."""
    host = host.lower()
    if host.count(":") > 1 and not host.startswith("["):
        return host  # an IPv6 address alone
    return re.sub(r":\d*$", "", host).strip("[]")


def is_foreign(headers: Headers, host: str) -> bool:
    """Return whether a browser says that a page of another site sends the request.

    Programs send neither Origin nor Sec-Fetch-Site. Browsers send Sec-Fetch-Site only to loopback
    and over TLS.
    """
    origin = headers.get("origin")
    return headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or (
        origin is not None and _netloc(origin) != host.lower()
    )


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _log(scope: Scope, status: int, milliseconds: float) -> None:
    """Print time, client, method, path, status (- if the client went away) and milliseconds."""
    client = scope["client"][0] if scope.get("client") else "-"
    request = f"{quote(scope['method'])} {quote(scope['path'])[:200]}"
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    with suppress(OSError):  # whoever read the log may have ended
        print(f"{now} {client} {request} {status or '-'} {milliseconds:.0f} ms", flush=True)
