# What Python code sees of refusal.pyx.

from typing import Any

from fastsrv_ext.counters import KINDS as KINDS

class BadRequest(Exception):
    """A request that is answered by `status` and the text `reason`, and the connection closed."""

    status: int
    reason: str
    kind: str
    fields: bytes
    call: Any  # a Call (asgi/call.pyi), once it is known

    def __init__(self, status: int, reason: str, kind: str, fields: bytes = b"") -> None: ...
