"""What a trusted proxy may say, and nobody else: the client's scheme and address, fields with an underscore.

gunicorn's rules: forwarded_allow_ips names the proxies, secure_scheme_headers the fields that tell of https,
header_map and forwarder_headers what becomes of underscores. fastsrv_ext/http1/pipeline.pyx calls apply() for
requests that carry one of these fields, no others.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

from fastsrv_ext.http.field_names import watch
from fastsrv_ext.http.refusal import BadRequest

FORWARDED_FOR = b"x-forwarded-for"
SECURE = frozenset((b"https", b"wss"))  # the second from proxies that tell a WebSocket's scheme, as Traefik does
PEERS = 256  # of which we remember whether they are trusted: to read an address costs some microseconds
MAX_HOPS = 32  # entries of it that are looked at: so many proxies stand in no row, and each costs some microseconds

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Forwarded:
    """Rewrites the scope of a request that came through a trusted proxy."""

    def __init__(self, cfg: Any) -> None:
        self.secure = {
            name.lower().encode("latin-1"): value.encode("latin-1")
            for name, value in cfg.secure_scheme_headers.items()
        }
        self.header_map = cfg.header_map
        self.forwarders = frozenset(name.lower().encode("latin-1") for name in cfg.forwarder_headers)
        self.everybody = "*" in cfg.forwarded_allow_ips
        self.networks = cfg.forwarded_allow_networks()
        self.trusts_host = lru_cache(PEERS)(lambda host: self.trusts(address(host)))
        watch(self.secure)

    def apply(self, scope: dict[str, Any], underscored: bool) -> None:
        """Set scope["scheme"] and scope["client"] from the proxy's fields, if the peer is a trusted proxy.

        underscored: is there an underscore in the name of a field? Raises BadRequest for fields that contradict each
        other, and for names that header_map refuses.
        """
        trusted = self.trusts_peer(scope["client"])
        if trusted:
            self.believe(scope)
        if underscored and self.header_map != "dangerous":
            self.drop_underscored(scope["headers"], self.forwarders if trusted else frozenset())

    def trusts_peer(self, peer: tuple[str, int] | None) -> bool:
        """Is it a trusted proxy?"""
        # A UNIX socket's peer is: whoever may connect to it was given the right.
        # (A TCP peer without an address has gone, and no app is called: Connection.open().)
        return peer is None or self.everybody or self.trusts_host(peer[0])

    def believe(self, scope: dict[str, Any]) -> None:
        # `https` and `wss` say so in any of them; the value that is set for a field says it in another way (ssl, on).
        # For a WebSocket the handshake makes `wss` of `https`, and `ws` of `http`.
        said = {
            "https" if value == self.secure[name] or value.lower() in SECURE else "http"
            for name, value in scope["headers"] if name in self.secure
        }
        if len(said) > 1:
            raise BadRequest(400, "the fields that tell of the scheme contradict each other", "forwarded")
        if said:
            scope["scheme"] = said.pop()
        chain = b",".join(value for name, value in scope["headers"] if name == FORWARDED_FOR)
        if not chain:
            return
        # The last one was written by our proxy, the one before by the proxy before it, and so on for as long
        # as we trust who wrote it.
        for entry in reversed(chain.rsplit(b",", MAX_HOPS)[-MAX_HOPS:]):
            host, port = split_port(entry.decode("latin-1").strip())
            known = None if "%" in host else address(host)  # a zone may hold any character
            if known is None:
                break  # "unknown", or worse
            scope["client"] = (host, port)
            if not self.trusts(known):
                break

    def drop_underscored(self, headers: list[tuple[bytes, bytes]], allowed: frozenset[bytes]) -> None:
        """X_Real_IP is X-Real-IP for WSGI, and for some proxies: a client could slip it past those that set the latter.
        Raises BadRequest instead if header_map says so."""
        if b"*" in allowed:
            return
        kept = [field for field in headers if b"_" not in field[0] or field[0] in allowed]
        if len(kept) < len(headers) and self.header_map != "drop":
            raise BadRequest(400, "a field has an underscore in its name", "underscore")
        headers[:] = kept

    def trusts(self, known: Address | None) -> bool:
        return self.everybody or (known is not None and any(known in network for network in self.networks))


def split_port(text: str) -> tuple[str, int]:
    """Host and port, 0 if there is none up to 65535: of 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1]:80."""
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
    return host, number if number <= 65535 else 0


def address(host: str) -> Address | None:
    """None for what is no address. An IPv4 peer of an IPv6 socket is ::ffff:192.0.2.1."""
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(known, "ipv4_mapped", None) or known
