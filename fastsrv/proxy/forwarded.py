"""What a trusted proxy may say, and nobody else: who the client is, how it came, fields with an underscore.

gunicorn's rules: forwarded_allow_ips names the proxies, secure_scheme_headers the fields that tell of https,
header_map and forwarder_headers what becomes of underscores; and ours: fastsrv_forwarded_fields says which fields the
proxies write. docs/PROXIES.md tells it all. fastsrv_ext/http1/pipeline.pyx calls apply() for requests that carry one of
these fields, no others.
"""

from __future__ import annotations

from typing import Any

from fastsrv.proxy.fields import elements, host_and_port, node, port_number, prefix
from fastsrv.proxy.peers import Peers
from fastsrv_ext.http.field_names import watch
from fastsrv_ext.http.refusal import BadRequest

Fields = list[tuple[bytes, bytes]]

FORWARDED_FOR, FORWARDED = b"x-forwarded-for", b"forwarded"
FORWARDED_HOST, FORWARDED_PORT, FORWARDED_PREFIX = b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-prefix"
SECURE = frozenset((b"https", b"wss"))  # the second from proxies that tell a WebSocket's scheme, as Traefik does
USUAL_PORTS = {"http": 80, "https": 443}
MAX_HOPS = 32  # entries that are looked at: so many proxies stand in no row, and each costs some microseconds


class Forwarded:
    """Rewrites the scope of a request that came through a trusted proxy.

    cfg: gunicorn's. fields: those that the proxies write, as fastsrv_forwarded_fields has it; others are the app's.
    """

    def __init__(self, cfg: Any, fields: str = "client") -> None:
        self.fields = fields
        self.secure = {
            name.lower().encode("latin-1"): value.encode("latin-1")
            for name, value in cfg.secure_scheme_headers.items()
        }
        self.header_map = cfg.header_map
        self.forwarders = frozenset(name.lower().encode("latin-1") for name in cfg.forwarder_headers)
        self.trusted = Peers(cfg.forwarded_allow_ips)
        watch({
            "client": self.secure, "x-forwarded": (*self.secure, FORWARDED_HOST, FORWARDED_PORT, FORWARDED_PREFIX),
            "forwarded": (FORWARDED,), "none": (),
        }[fields])

    def apply(self, scope: dict[str, Any], underscored: bool) -> None:
        """Set what the proxy's fields say in the scope, if the peer is a trusted proxy: client, scheme, root_path, and
        Host among its headers.

        underscored: is there an underscore in the name of a field? Raises BadRequest for fields that contradict each
        other, and for names that header_map refuses.
        """
        trusted = self.trusts_peer(scope["client"])
        if trusted and self.fields == "forwarded":
            self.believe_forwarded(scope)
        elif trusted and self.fields != "none":
            self.believe_x_forwarded(scope)
        if underscored and self.header_map != "dangerous":
            self.drop_underscored(scope["headers"], self.forwarders if trusted else frozenset())

    def trusts_peer(self, peer: tuple[str, int] | None) -> bool:
        """Is it a trusted proxy?"""
        # A UNIX socket's peer is: whoever may connect to it was given the right.
        # (A TCP peer without an address has gone, and no app is called: Connection.open().)
        return peer is None or self.trusted.believes(peer[0])

    def ends_at(self, entry: str, scope: dict[str, Any]) -> bool:
        """Take the client from an entry of a list. Is the search over?

        The last entry was written by our proxy, the one before by the proxy before it, and so on for as long as we
        trust who wrote it. What is no address ends the search: "unknown", or worse."""
        known = node(entry)
        if known is None:
            return True
        scope["client"], address = known
        return address not in self.trusted

    def believe_forwarded(self, scope: dict[str, Any]) -> None:
        """RFC 7239. All is taken from one element, the one that tells of the client."""
        hop: dict[str, str] = {}
        for hop in elements(joined(scope["headers"], FORWARDED), MAX_HOPS):
            if self.ends_at(hop.get("for", ""), scope):
                break
        if "proto" in hop:
            scope["scheme"] = scheme(hop["proto"].encode("latin-1"))
        if host_and_port(hop.get("host", "")) is not None:
            set_host(scope["headers"], hop["host"])

    def believe_x_forwarded(self, scope: dict[str, Any]) -> None:
        headers: Fields = scope["headers"]
        chain = joined(headers, FORWARDED_FOR)
        for entry in filter(None, (each.strip(" \t") for each in reversed(chain.rsplit(",", MAX_HOPS)[-MAX_HOPS:]))):
            if self.ends_at(entry, scope):
                break
        # The value that is set for a field may say it in another way than a scheme (ssl, on).
        schemes = {
            "https" if self.secure[name] in (value, part) else scheme(part)
            for name, value in headers if name in self.secure for part in parts(value) or (b"",)
        }
        if len(schemes) > 1:
            raise BadRequest(400, "the fields that tell of the scheme contradict each other", "forwarded")
        if schemes:
            scope["scheme"] = schemes.pop()
        if self.fields == "x-forwarded":
            self.believe_place(scope)

    def believe_place(self, scope: dict[str, Any]) -> None:
        """The URL that the client has asked for: its host and port, and the path's beginning, which a proxy took off.
        A port of the host's own wins, as that is the client's word; a scheme's usual one is not written."""
        headers: Fields = scope["headers"]
        host = host_and_port(only(headers, FORWARDED_HOST) or joined(headers, b"host"))
        port = port_number(only(headers, FORWARDED_PORT) or "")
        if host is not None:
            shown = port is not None and not host[1] and port != USUAL_PORTS[scope["scheme"]]
            set_host(headers, f"{host[0]}:{port}" if shown else ":".join(filter(None, host)))
        path = prefix(only(headers, FORWARDED_PREFIX) or "")
        if path is not None:
            scope["root_path"] = path

    def drop_underscored(self, headers: Fields, allowed: frozenset[bytes]) -> None:
        """X_Real_IP is X-Real-IP for WSGI, and for some proxies: a client could slip it past those that set the latter.
        Raises BadRequest instead if header_map says so."""
        if b"*" in allowed:
            return
        kept = [field for field in headers if b"_" not in field[0] or field[0] in allowed]
        if len(kept) < len(headers) and self.header_map != "drop":
            raise BadRequest(400, "a field has an underscore in its name", "underscore")
        headers[:] = kept


def scheme(said: bytes) -> str:
    """That of HTTP. For a WebSocket the handshake makes `wss` of `https`, and `ws` of `http`."""
    return "https" if said.lower() in SECURE else "http"


def parts(value: bytes) -> list[bytes]:
    """Of a list (RFC 9110, 5.6.1): empty ones are none. Up to MAX_HOPS, the last of which has all that is left, and is
    like none of the others then."""
    return [part for part in (part.strip(b" \t") for part in value.split(b",", MAX_HOPS - 1)) if part]


def joined(headers: Fields, name: bytes) -> str:
    """The fields of this name, as if they were one."""
    return b",".join(value for each, value in headers if each == name).decode("latin-1")


def only(headers: Fields, name: bytes) -> str | None:
    """What each field of this name says, and each part of it; None without. Raises BadRequest if they differ."""
    said = {part for each, value in headers if each == name for part in parts(value)}
    if len(said) > 1:
        raise BadRequest(400, f"{name.decode().title()} says several things", "forwarded")
    return said.pop().decode("latin-1") if said else None


def set_host(headers: Fields, host: str) -> None:
    """The app sees this Host, whatever the request has."""
    at = next((at for at, (name, _) in enumerate(headers) if name == b"host"), 0)
    headers[at:at + any(name == b"host" for name, _ in headers)] = [(b"host", host.encode("latin-1"))]
