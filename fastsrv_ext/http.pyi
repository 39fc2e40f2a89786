# What Python code sees of http.pyx: asyncio's callbacks, and what fastsrv/server.py calls.

import asyncio

from typing_extensions import disjoint_base

from fastsrv_ext.closing import Closing
from fastsrv_ext.context import Context

@disjoint_base
class HTTP(Closing):
    """One connection. It behaves as an asyncio.Protocol without being one: a cdef class needs no base."""

    def __init__(self, context: Context) -> None: ...

    # asyncio's callbacks
    def connection_made(self, transport: asyncio.Transport) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> bool: ...
    def resume_writing(self) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...

    # called by the loop on our own behalf
    def go_on(self) -> None: ...

    # for fastsrv/server.py
    def describe(self) -> str: ...
