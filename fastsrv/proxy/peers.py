"""Peers that are believed: gunicorn's lists of addresses and networks. forwarded.py and layer.py ask."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
IPV4_MAPPED = 96  # bits before the address of IPv4 (RFC 4291, 2.5.5.2)
REMEMBERED = 256  # hosts: to read an address costs some microseconds


class Peers:
    """allowed: gunicorn's forwarded_allow_ips or proxy_allow_ips, which it has checked; `*` is everybody."""

    def __init__(self, allowed: Iterable[str]) -> None:
        names = set(allowed)
        self.everybody = "*" in names
        # By the version and the bits that an address of the network is free to choose, as a list may have thousands.
        self.prefixes: dict[tuple[int, int], set[int]] = {}
        for network in (plain(ipaddress.ip_network(name)) for name in names - {"*"}):
            free = network.max_prefixlen - network.prefixlen
            self.prefixes.setdefault((network.version, free), set()).add(int(network.network_address) >> free)
        self.believes = lru_cache(REMEMBERED)(lambda host: address(host) in self)  # by its name, as a socket has it

    def __contains__(self, known: Address | None) -> bool:
        """Is the peer at this address believed? None: an address that is not known."""
        if self.everybody or known is None:
            return self.everybody
        number = int(known)
        return any(known.version == version and number >> free in prefixes
                   for (version, free), prefixes in self.prefixes.items())


def plain(network: Network) -> Network:
    """IPv4 where it is written as a part of IPv6's: ::ffff:192.0.2.0/120."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return ipaddress.ip_network((mapped, network.prefixlen - IPV4_MAPPED)) if mapped else network


def address(host: str) -> Address | None:
    """None for what is no address. An IPv4 peer of an IPv6 socket is ::ffff:192.0.2.1."""
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(known, "ipv4_mapped", None) or known
