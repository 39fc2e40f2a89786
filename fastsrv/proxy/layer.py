"""The PROXY protocol on a connection: what lies between its transport and its protocol until the preface has come, and
is gone behind it.

Reads no byte of a preface itself (preface.py does), and keeps no time: the connection waits for its first request head
meanwhile. fastsrv/server.py makes one for each connection, if gunicorn's proxy_protocol is on.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastsrv.proxy.peers import Peers
from fastsrv.proxy.preface import PrefaceError, begins, read
from fastsrv_ext.http1.protocol import HTTP1


class PrefaceLayer(asyncio.Protocol):
    """One connection.

    http: what the preface is told. protocol: what the bytes behind it are for, `http` itself or the TLS around it.
    versions: gunicorn's proxy_protocol: "v1", "v2" or "auto", both. proxies: those that say a preface, always, as the
    first bytes of their clients would be taken for one otherwise; from others none is taken.
    """

    def __init__(self, http: HTTP1, protocol: Any, versions: str, proxies: Peers) -> None:
        self.http = http
        self.protocol = protocol
        self.versions = versions
        self.proxies = proxies
        self.data = b""

    # --- the transport's callbacks, in the order of life ---

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        peer = transport.get_extra_info("peername")
        # As gunicorn does: whoever may connect to a UNIX socket was given the right.
        self.believed = isinstance(transport.get_extra_info("sockname"), (str, bytes)) or (
            peer is not None and self.proxies.believes(peer[0]))
        self.protocol.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.data += data
        begun = begins(self.data, self.versions)
        if begun is None:
            self.http.preface_began()
        elif not begun and not self.believed:
            self.hand_on(0)
        elif not begun:
            self.refuse("no PROXY protocol from a proxy of proxy_allow_ips")
        elif not self.believed:
            self.refuse("PROXY protocol from a peer that is not in proxy_allow_ips")
        else:
            self.read()

    def eof_received(self) -> Any:
        return self.protocol.eof_received()

    def pause_writing(self) -> None:
        self.protocol.pause_writing()

    def resume_writing(self) -> None:
        self.protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.protocol.connection_lost(exc)

    # --- within ---

    def read(self) -> None:
        try:
            preface = read(self.data)
        except PrefaceError as error:
            self.refuse(str(error))
            return
        if preface is None:
            self.http.preface_began()
            return
        if preface.client is not None:
            self.http.introduce(preface.client, preface.server, preface.secure)
        self.hand_on(preface.size)

    def hand_on(self, size: int) -> None:
        """The connection goes on without us, with what stands behind `size` bytes."""
        self.http.preface_ended()
        self.transport.set_protocol(self.protocol)
        if len(self.data) > size:
            self.protocol.data_received(self.data[size:])

    def refuse(self, reason: str) -> None:
        """400, or with TLS, where nothing can be said yet, an end."""
        self.transport.set_protocol(self.protocol)
        self.http.refuse_preface(reason)
