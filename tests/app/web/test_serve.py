"""The process that serves: its signals, its files, its address and its settings."""

import errno
import os
import resource
import select
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import uvicorn
from click.core import ParameterSource
from uvicorn.importer import import_from_string

from app.web.connections import MAX_FILES
from app.web.serve import listen, prepare_process, serve
from tests.app.web.serving import application
from tests.conftest import PROJECT

INFINITE = resource.RLIM_INFINITY


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[int, tuple[int, int]]]:
    """Give made limits of the process, as its hard one could not be raised again; keep signals."""
    made: dict[int, tuple[int, int]] = {resource.RLIMIT_NOFILE: (INFINITE, INFINITE)}
    monkeypatch.setattr(resource, "getrlimit", made.__getitem__)
    monkeypatch.setattr(resource, "setrlimit", made.__setitem__)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield made
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_as_wanted(number: signal.Signals) -> None:
    """Whoever stops a server wants its end: exit code 0, and no traceback."""
    prepare_process()
    with pytest.raises(SystemExit) as caught:
        signal.raise_signal(number)
    assert caught.value.code == 0


@pytest.mark.parametrize(
    ("soft", "hard", "expected"),
    [
        (1024, INFINITE, 4096),
        (1024, 1 << 20, 4096),
        (1024, 2000, 2000),
        (4095, 4096, 4096),
        (5000, 6000, 5000),
        (INFINITE, INFINITE, INFINITE),
    ],
)
def test_the_process_may_open_a_file_for_each_connection(
    limits: dict[int, tuple[int, int]], soft: int, hard: int, expected: int
) -> None:
    """The limit of files rises to 4096, or as far as it may, and never falls."""
    limits[resource.RLIMIT_NOFILE] = soft, hard
    prepare_process()
    assert limits == {resource.RLIMIT_NOFILE: (expected, hard)}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_an_address_is_opened(host: str) -> None:
    """A client finds the server under a name, and under addresses of both kinds."""
    if host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        socket.create_connection((host, port), timeout=100).close()
        client, _ = listener.accept()
        client.close()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="the system holds 128 connections at most")
def test_many_may_connect_before_the_server_takes_the_first() -> None:
    """A page that a whole school opens at once: the system holds what the server cannot take."""
    with listen("127.0.0.1", 0) as listener, ExitStack() as stack:
        clients = [stack.enter_context(socket.socket()) for _ in range(200)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        assert select.select([], clients, [], 100)[1] == clients


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("127.0.0.1", os.strerror(errno.EADDRINUSE)),
        ("192.0.2.1", os.strerror(errno.EADDRNOTAVAIL)),  # of nobody: RFC 5737
        ("a..example", "not the name of a host"),
    ],
)
def test_an_address_that_cannot_be_opened(host: str, reason: str) -> None:
    """The program ends with one line that says why, and what to type."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as caught:
            listen(host, port)
    assert (
        caught.value.code == f"error: {host}, port {port}: {reason}; try another --port or --host"
    )


def test_a_host_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is that of the search for its address, whose errors have numbers of their own."""

    def know_nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", know_nothing)
    with pytest.raises(SystemExit, match="error: nowhere, port 8000: Name or service not known; "):
        listen("nowhere", 8000)


@pytest.mark.parametrize("is_behind_proxy", [True, False])
def test_the_documented_command_has_the_same_settings(
    is_behind_proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who serves with uvicorn's own command, as docs/api.md says, gets the limits of this one."""
    _, _, rest = (PROJECT / "docs" / "api.md").read_text().partition("```sh\nulimit -n ")
    files, command = rest.partition("```")[0].replace("\\\n", "").split("\n", 1)
    hosts, program, *arguments = shlex.split(command)
    assert (hosts.partition("=")[0], program) == ("ALLOWED_HOSTS", "uvicorn")
    context = uvicorn.main.make_context(program, arguments)
    given = {
        name: value
        for name, value in context.params.items()
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    documented = uvicorn.Config(**given)

    ran: list[tuple[uvicorn.Config, list[socket.socket]]] = []
    monkeypatch.setattr(
        uvicorn.Server, "run", lambda self, sockets: ran.append((self.config, sockets))
    )
    app = application()
    with socket.socket() as listener:
        serve(app, listener, is_behind_proxy)
        [(config, sockets)] = ran
        assert sockets == [listener]
    assert config.app is app
    assert config.http is import_from_string(documented.http)
    expected = vars(documented) | {"proxy_headers": is_behind_proxy}
    for name in expected.keys() - {"app", "http", "workers"}:
        assert (name, getattr(config, name)) == (name, expected[name])
    assert int(files.split()[0]) == MAX_FILES
