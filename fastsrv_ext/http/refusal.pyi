# What Python code sees of refusal.pyx.

class BadRequest(Exception):
    """A request that is answered by `status` and the text `reason`, and the connection closed."""

    status: int
    reason: str
    kind: str
    fields: bytes

    def __init__(self, status: int, reason: str, kind: str, fields: bytes = b"") -> None: ...
