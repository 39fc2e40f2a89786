# What Python code sees of protocol.pyx: asyncio's callbacks, and what fastsrv/server.py calls.

from typing_extensions import disjoint_base

from fastsrv_ext.websocket.session import Channel

@disjoint_base
class WebSocket(Channel):
    """A connection, from the answer to its handshake on."""

    # asyncio's callbacks
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> bool: ...
