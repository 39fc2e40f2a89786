# What Python code sees of protocol.pyx: asyncio's callbacks, and what fastsrv/server.py calls.

import asyncio

from fastsrv_ext.context import Context
from fastsrv_ext.http1.pipeline import Pipeline

class HTTP1(Pipeline):
    """One connection. It behaves as an asyncio.Protocol without being one: a cdef class needs no base."""

    def __init__(self, context: Context) -> None: ...

    # asyncio's callbacks
    def connection_made(self, transport: asyncio.Transport) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> bool: ...
