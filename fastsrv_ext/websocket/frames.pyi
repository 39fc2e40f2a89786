# What Python code sees of frames.pyx: for the tests; compiled code sees frames.pxd.

from enum import IntEnum

from typing_extensions import disjoint_base

from fastsrv_ext.websocket.deflate import Deflate

Opcode: type[IntEnum]  # its members: frames.pxd
CloseCode: type[IntEnum]

class BadFrame(Exception):
    """Bytes that break a rule, or a limit."""

    code: int
    reason: str
    def __init__(self, code: int, reason: str) -> None: ...

@disjoint_base
class Decoder:
    """Bytes from a client -> messages and control frames."""

    def __init__(self, max_message: int, deflate: Deflate | None = None) -> None: ...
    def feed(self, data: bytes) -> list[tuple[int, str | bytes]]: ...

def unmask_portably(masked: bytes, key: bytes) -> bytes: ...
def encode(opcode: int, payload: bytes, is_compressed: bool = False) -> bytes: ...
def parse_close(payload: bytes) -> tuple[int, str]: ...
