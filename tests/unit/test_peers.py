"""Which peers are believed: as Python's ipaddress has it, however many networks there are."""

import ipaddress

import pytest

from fastsrv.proxy.peers import Peers, address

NETWORKS = ["10.1.2.3", "192.0.2.0/24", "198.51.100.128/25", "2001:db8::1", "2001:db8:1::/48", "::ffff:203.0.113.0/120"]


@pytest.mark.parametrize(("host", "believed"), [
    ("10.1.2.3", True),
    ("10.1.2.4", False),
    ("192.0.1.255", False),
    ("192.0.2.0", True),
    ("192.0.2.255", True),
    ("192.0.3.0", False),
    ("198.51.100.127", False),
    ("198.51.100.128", True),
    ("::ffff:192.0.2.1", True),
    ("203.0.113.7", True),
    ("::ffff:203.0.113.7", True),
    ("203.0.114.7", False),
    ("2001:db8::1", True),
    ("2001:db8::2", False),
    ("2001:db8:1:ffff:ffff:ffff:ffff:ffff", True),
    ("2001:db8:2::", False),
    ("::c000:201", False),  # the number of 192.0.2.1, and another address
    ("unknown", False),
    ("", False),
])
def test_addresses_and_networks(host, believed):
    assert (address(host) in Peers(NETWORKS)) is believed
    assert Peers(NETWORKS).believes(host) is believed


@pytest.mark.parametrize(("names", "host", "believed"), [
    ([], "192.0.2.1", False),
    (["*"], "192.0.2.1", True),
    (["*"], "unknown", True),
    (["*", "10.0.0.0/8"], "192.0.2.1", True),
    (["0.0.0.0/0"], "192.0.2.1", True),
    (["0.0.0.0/0"], "2001:db8::1", False),
    (["0.0.0.0/0"], "unknown", False),
    (["::/0"], "2001:db8::1", True),
    (["::/0"], "192.0.2.1", False),
])
def test_everybody_and_nobody(names, host, believed):
    assert (address(host) in Peers(names)) is believed


def test_thousands_of_networks():
    peers = Peers([*map(str, ipaddress.ip_network("10.0.0.0/8").subnets(new_prefix=20)), "2001:db8::/32"])
    assert len(peers.prefixes) == 2  # looked up by their lengths, not one by one
    for host, believed in ("10.0.0.0", True), ("10.255.255.255", True), ("11.0.0.0", False), ("2001:db8::", True):
        assert (address(host) in peers) is believed
