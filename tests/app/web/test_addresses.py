import pytest

from app.web.addresses import is_loopback, network


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:0:ffff:ffff:ffff:ffff", True),  # the last of the /64
        ("2001:db8::1", "2001:db8:0:1::1", False),  # the first of the next one
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "a socket of this machine", False),
    ],
)
def test_an_ipv6_network_is_one_client(one: str, other: str, is_same: bool) -> None:
    """A client that has a /64 of IPv6 addresses counts as one; IPv4 addresses count each."""
    assert network(one) == network(one)
    assert (network(one) == network(other)) == is_same


@pytest.mark.parametrize(
    ("address", "is_own"),
    [
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("::1%lo", True),
        ("::ffff:127.0.0.1", True),
        ("128.0.0.1", False),
        ("::2", False),
        ("::ffff:192.0.2.1", False),
        ("", False),
        ("localhost", False),  # a name is no address
    ],
)
def test_only_this_machine_has_an_address_of_loopback(address: str, is_own: bool) -> None:
    """Nobody else may teach, whatever form its address has."""
    assert is_loopback(address) == is_own
