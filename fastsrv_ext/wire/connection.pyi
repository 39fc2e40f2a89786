# What Python code sees of connection.pyx; a protocol sees connection.pxd.

from typing_extensions import disjoint_base

from fastsrv_ext.clock import Timed
from fastsrv_ext.wire.sender import Sender

ON_LINUX: bool

@disjoint_base
class Connection(Sender):
    """A connection to a peer, whatever its protocol."""

    # asyncio's callbacks
    def connection_lost(self, exc: Exception | None) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...

    # called by the loop on our own behalf
    def go_on(self) -> None: ...

    # called by fastsrv/proxy/layer.py
    def introduce(
        self, client: tuple[str, int], server: tuple[str, int | None] | None, secure: bool
    ) -> None: ...

    # called by tls.pyx
    def negotiated(self, name: str) -> None: ...

    # for another protocol
    def hand_over(self, successor: Connection, unread: bytes) -> bool: ...

    # for fastsrv/server.py and drain.py
    def abort(self) -> None: ...
    def is_standing(self) -> bool: ...
    def is_lingering(self) -> bool: ...
    def shut(self, since: int) -> None: ...
    def describe(self) -> str: ...

@disjoint_base
class Watch(Timed):
    """A look, now and then, at a peer that the loop does not listen to."""
