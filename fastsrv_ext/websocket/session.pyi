# What Python code sees of session.pyx; compiled code sees session.pxd.

from typing_extensions import disjoint_base

from fastsrv_ext.asgi.call import Call
from fastsrv_ext.wire.connection import Connection

class Channel(Connection):
    """The connection, as far as its session knows it; all of it is for Cython code alone."""

@disjoint_base
class Opening:
    """The handshake, as far as the session knows it."""

@disjoint_base
class Session(Call):
    """A WebSocket, as an app sees it."""

    @property
    def messages_received(self) -> int: ...
    @property
    def messages_sent(self) -> int: ...
