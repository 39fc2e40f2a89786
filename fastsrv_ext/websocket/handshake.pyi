# What Python code sees of handshake.pyx.

from re import Pattern
from typing import Any, Final

from typing_extensions import disjoint_base

from fastsrv_ext.asgi.exchange import Exchange
from fastsrv_ext.websocket.session import Opening

KEY: Final[Pattern[bytes]]

@disjoint_base
class Upgrade:
    """What a worker does of requests that ask for a WebSocket."""

    def __init__(self, *, max_message_size: int, deflate: bool) -> None: ...
    def __call__(self, connection: Any, exchange: Exchange) -> bool: ...

@disjoint_base
class Handshake(Opening):
    """One request that asks for a WebSocket."""
