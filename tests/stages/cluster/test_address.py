import socket

import pytest

from stages.cluster.address import check_address
from stages.shared.cli import StageError


@pytest.mark.parametrize(
    "address",
    ["head", "auto", ":6379", "head:", "head:0", "head:65536", "head:port", "ray://head:10001"],
)
def test_refuses_what_is_no_address(address: str) -> None:
    """Only host:port and "local" are taken: Ray would look for a cluster of its own choice."""
    with pytest.raises(StageError, match=f"found RAY_ADDRESS={address}, expected .*host:port"):
        check_address(address)


def test_nobody_answers() -> None:
    """A port at which nobody listens is found at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(StageError, match=f"nobody answers at RAY_ADDRESS=127.0.0.1:{port}"):
        check_address(f"127.0.0.1:{port}")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_takes_an_address_that_answers(host: str) -> None:
    """A port at which somebody listens is taken, with IPv6 too; so is "local"."""
    family = socket.AF_INET6 if host == "[::1]" else socket.AF_INET
    with socket.create_server((host.strip("[]"), 0), family=family) as server:
        check_address(f"{host}:{server.getsockname()[1]}")
    check_address("local")
