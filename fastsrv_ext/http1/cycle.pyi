# What Python code sees of cycle.pyx; protocol.pyx and reader.pyx see cycle.pxd.

from typing_extensions import disjoint_base

from fastsrv_ext.asgi.exchange import Exchange
from fastsrv_ext.wire.connection import Connection

class Carrier(Connection):
    """What a cycle, and the reader, may ask of their connection; all of it is for Cython code alone."""

@disjoint_base
class Cycle(Exchange):
    """A request and its response on an HTTP/1.1 connection."""
