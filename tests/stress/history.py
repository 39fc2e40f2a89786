"""Who plays in test_states.py: what the client says, the app at work on it, and the answer that is owed."""

import asyncio
import math

GOOD = ("get", "head", "get 1.0 keep-alive", "length", "length expect", "chunked", "chunked expect")
# nothing follows these
LAST = ("close", "get 1.0", "length 1.0", "no host", "nul", "unknown expectation", "broken chunk")


class Request:
    """A request as bytes `data` from offset `start` of what the client sends, and what they mean."""

    def __init__(self, kind, number, start, body):
        self.number = number
        self.method = "HEAD" if kind == "head" else "POST" if body is not None else "GET"
        self.is_http_10 = "1.0" in kind
        self.keep_alive = kind != "close" and not kind.endswith("1.0")
        self.awaits_continue = "expect" in kind
        self.chunked = "chunk" in kind
        self.refused = {"no host": 400, "nul": 400, "unknown expectation": 417, "broken chunk": 400}.get(kind)
        self.body = body or b""
        head = b"%s /%d HTTP/1.%d\r\n" % (self.method.encode(), number, not self.is_http_10)
        head += b"" if kind == "no host" else b"Host: example.org\r\n"
        head += b"Connection: close\r\n" if kind == "close" else b""
        head += b"Connection: keep-alive\r\n" if kind == "get 1.0 keep-alive" else b""
        head += b"Expect: 100-continue\r\n" if self.awaits_continue else b""
        head += b"Expect: miracles\r\n" if kind == "unknown expectation" else b""
        head += b"Transfer-Encoding: chunked\r\n" if self.chunked else b""
        head += b"Content-Length: %d\r\n" % len(body) if body is not None and not self.chunked else b""
        head = b"\x00" if kind == "nul" else head + b"\r\n"
        self.start = start
        self.head_end = None if self.refused and not self.chunked else start + len(head)
        self.arrivals = []  # for each byte of the body, the offset behind it
        data = bytearray(head)
        for at in range(0, len(self.body), 7):
            piece = self.body[at:at + 7]
            data += b"%x;x=y\r\n" % len(piece) if self.chunked else b""
            self.arrivals += range(start + len(data) + 1, start + len(data) + len(piece) + 1)
            data += piece + (b"\r\n" if self.chunked else b"")
        data += b"z" if kind == "broken chunk" else b"0\r\n\r\n" if self.chunked else b""
        self.data = bytes(data)
        self.end = start + len(data)


class Run:
    """The app at work on a request: does what the machine orders, one thing after another."""

    def __init__(self, scope, receive, send):
        self.number = int(scope["path"][1:])
        self.receive, self.send = receive, send
        self.orders = asyncio.Queue()
        self.busy = self.ended = self.gone = self.complete = self.handed_over = False
        self.outcome = self.receiver = self.status = self.declared = None
        self.receives = self.consumed = 0
        self.full = False  # its answer can take no more, and it has not said that it has ended
        self.told = False  # its client has gone, or may have, or has all that it can get: it has a grace period
        self.unaware = False  # it did not know when that began
        self.presumed = False  # receive() says so since
        self.alone = 0  # ticks since then
        self.known = 0  # what its client had taken then
        self.begun = self.says_close = False
        self.heard = math.inf  # the offset up to which it may know what the client has said

    async def work(self):
        try:
            while True:
                order = await self.orders.get()
                self.busy = True
                try:
                    self.outcome = await order()
                except (RuntimeError, OSError) as refusal:
                    self.outcome = refusal
                self.busy = False
        except (Returned, Failed) as end:
            if isinstance(end, Failed):
                raise
        finally:
            self.busy, self.ended = False, True


class Returned(Exception):
    pass


class Failed(Exception):
    pass


class Expected:
    """An answer that is owed. status None: nothing of it may be on the wire yet."""

    def __init__(self, method):
        self.method, self.status, self.body, self.continues = method, None, b"", 0
        self.complete = self.until_close = self.any_body = False
        self.cut = False  # it cannot become complete
