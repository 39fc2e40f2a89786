# What Python code sees of protocol.pyx: asyncio's callbacks, and what fastsrv/server.py calls.

import asyncio

from typing_extensions import disjoint_base

from fastsrv_ext.context import Context
from fastsrv_ext.http1.pipeline import Pipeline

@disjoint_base
class HTTP1(Pipeline):
    """One connection. It behaves as an asyncio.Protocol without being one: a cdef class needs no base."""

    def __init__(self, context: Context) -> None: ...

    # asyncio's callbacks
    def connection_made(self, transport: asyncio.Transport) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> bool: ...

    # called by fastsrv/proxy/layer.py
    def preface_began(self) -> None: ...
    def preface_ended(self) -> None: ...
    def refuse_preface(self, reason: str) -> None: ...
