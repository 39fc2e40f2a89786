"""What a trusted proxy says of the client: its scheme and its address.

gunicorn's rules: forwarded_allow_ips names the proxies, secure_scheme_headers the fields that tell of
https. fastsrv_ext/http.pyx calls apply() for requests that carry one of these fields, no others.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fastsrv_ext.names import watch
from fastsrv_ext.request import BadRequest

FORWARDED_FOR = b"x-forwarded-for"


class Forwarded:
    """Rewrites the scope of a request that came through a trusted proxy."""

    def __init__(self, cfg: Any) -> None:
        self.secure = {
            name.lower().encode("latin-1"): value.encode("latin-1")
            for name, value in cfg.secure_scheme_headers.items()
        }
        self.everybody = "*" in cfg.forwarded_allow_ips
        self.networks = cfg.forwarded_allow_networks()
        watch((FORWARDED_FOR, *self.secure))

    def apply(self, scope: dict[str, Any]) -> None:
        """Set scope["scheme"] and scope["client"] from the proxy's fields, if the peer is a trusted proxy.

        Raises BadRequest for fields that contradict each other.
        """
        if scope["client"] is not None and not self.trusts(scope["client"][0]):
            return  # a UNIX socket's peer is trusted: whoever may connect to it was given the right
        said = {
            "https" if value == self.secure[name] else "http"
            for name, value in scope["headers"] if name in self.secure
        }
        if len(said) > 1:
            raise BadRequest(400, "the fields that tell of the scheme contradict each other")
        if said:
            scope["scheme"] = said.pop()
        hosts = [
            host.strip() for name, value in scope["headers"] if name == FORWARDED_FOR
            for host in value.decode("latin-1").split(",") if host.strip()
        ]
        # The last one was written by our proxy, the one before by the proxy before it, and so on for as long
        # as we trust who wrote it.
        for index, host in enumerate(reversed(hosts)):
            if not self.trusts(host) or index == len(hosts) - 1:
                scope["client"] = (host, 0)
                break

    def trusts(self, host: str) -> bool:
        if self.everybody:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self.networks)
