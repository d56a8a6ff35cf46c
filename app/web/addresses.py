"""What counts as one client."""

import ipaddress
from typing import Any


def network(address: str) -> Any:
    """Return what one client can choose its address from: in IPv6 that is a /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4 or parsed.ipv4_mapped:
        return address
    return ipaddress.ip_network((parsed.packed, 64), strict=False)


def is_loopback(address: str) -> bool:
    """Return whether a client has an address that only its own machine can have."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return bool((getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback)
