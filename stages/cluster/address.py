"""The address of a Ray cluster, from the variable RAY_ADDRESS, and the token for it."""

import secrets
import socket

from stages.shared.cli import StageError

LOCAL = "local"  # start a cluster on this machine, for this run alone
TIMEOUT = 5.0  # seconds


def check_address(address: str) -> None:
    """Make sure that something answers at `address`: "local", or host:port.

    Ray itself would try for minutes, and take other forms of address for a cluster of its choice.
    Raises `StageError` if it has another form, or if nobody answers within `TIMEOUT`.
    """
    if address == LOCAL:
        return
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdecimal() and 0 < int(port) < 2**16) or "/" in host:
        raise StageError(
            f"found RAY_ADDRESS={address}, "
            "expected RAY_ADDRESS=host:port, such as head:6379, or RAY_ADDRESS=local"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), TIMEOUT).close()
    except OSError as error:
        raise StageError(
            f"nobody answers at RAY_ADDRESS={address} ({error.strerror or error}): start the head "
            "there with `ray start --head`, or unset RAY_ADDRESS to train here"
        ) from None


def token_settings(address: str) -> dict[str, str]:
    """Return the variables that Ray must find when it is imported, where the user has set none."""
    settings = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token"}
    if address == LOCAL:  # else Ray would write a token to the home folder
        settings["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    return settings
