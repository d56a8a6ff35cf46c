import re
import socket

import pytest

from stages.cluster.address import check_address, token_settings
from stages.shared.cli import StageError


@pytest.mark.parametrize(
    "address",
    [
        "head",
        "auto",
        ":6379",
        "head:",
        "head:0",
        "head:-1",
        "head:65536",
        "head:port",
        "ray://head:10001",
    ],
)
def test_refuses_what_is_no_address(address: str) -> None:
    """Only host:port and "local" are taken: Ray would look for a cluster of its own choice."""
    with pytest.raises(StageError) as error:
        check_address(address)
    assert str(error.value) == (
        f"found RAY_ADDRESS={address}, expected RAY_ADDRESS=host:port, such as head:6379, "
        "or RAY_ADDRESS=local"
    )


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("MAX:1", ("MAX", 1)),
        ("10.0.0.7:65535", ("10.0.0.7", 65535)),
        ("[fe80::1]:6379", ("fe80::1", 6379)),
    ],
)
def test_an_address_is_tried_for_five_seconds(
    address: str, place: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is off would let the user wait for minutes."""
    tried: list[tuple[tuple[str, int], float | None]] = []

    def connect(place: tuple[str, int], timeout: float | None = None) -> socket.socket:
        tried.append((place, timeout))
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(StageError) as error:
        check_address(address)
    assert tried == [(place, 5.0)]
    assert str(error.value) == (
        f"nobody answers at RAY_ADDRESS={address} (timed out): start the head there with "
        "`ray start --head`, or unset RAY_ADDRESS to train here"
    )


def test_nobody_answers() -> None:
    """A port at which nobody listens is found at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(
        StageError, match=rf"nobody answers at RAY_ADDRESS=127.0.0.1:{port} \(Connection refused\)"
    ):
        check_address(f"127.0.0.1:{port}")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_takes_an_address_that_answers(host: str) -> None:
    """A port at which somebody listens is taken, with IPv6 too; so is "local"."""
    family = socket.AF_INET6 if host == "[::1]" else socket.AF_INET
    with socket.create_server((host.strip("[]"), 0), family=family) as server:
        check_address(f"{host}:{server.getsockname()[1]}")
    check_address("local")


def test_a_cluster_asks_for_a_token_and_calls_nobody() -> None:
    """A cluster of this machine gets a token of 32 random bytes, which nobody else knows."""
    settings = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token"}
    assert token_settings("head:6379") == settings
    tokens = []
    for _ in range(2):
        found = token_settings("local")
        tokens.append(found.pop("RAY_AUTH_TOKEN"))
        assert found == settings
    assert all(re.fullmatch(r"[0-9a-f]{64}", token) for token in tokens)
    assert tokens[0] != tokens[1]
