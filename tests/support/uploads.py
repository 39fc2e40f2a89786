"""Clients that upload, and apps that answer early."""

import select
import threading

MEGABYTE = 1024 * 1024
PIECE = 64 * 1024
GLANCE = 0.1  # seconds between two looks whether it shall stop


async def refuses(scope, receive, send):
    """Answers 401 and reads nothing of a body, or one event of it where the path says so; or it fails then."""
    if scope["path"] in ("/part", "/fails"):
        await receive()
    if scope["path"] == "/fails":
        raise ValueError("on purpose")
    headers = [(b"connection", b"close")] if scope["path"] == "/closes" else []
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b"Who are you?"})


def upload(size, *fields, path="/", chunked=False):
    """The pieces of a POST with a body of `size` bytes, as many whole PIECEs."""
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
    yield b"\r\n".join([b"POST %s HTTP/1.1" % path.encode(), b"Host: example.org", framing, *fields, b"", b""])
    piece = b"x" * PIECE
    for _ in range(size // PIECE):
        yield b"%x\r\n%s\r\n" % (PIECE, piece) if chunked else piece
    if chunked:
        yield b"0\r\n\r\n"


class Writer(threading.Thread):
    """Sends `pieces` on `connection` until the end of `with`, while others read there. `sent`: bytes; `failure`: what
    ended it, or None."""

    def __init__(self, connection, pieces):
        super().__init__(daemon=True)
        self.connection, self.pieces = connection, pieces
        self.sent, self.failure, self.stopped = 0, None, False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *failure):
        self.stopped = True
        self.join()

    def run(self):
        try:
            for piece in self.pieces:
                while piece and not self.stopped:
                    if select.select([], [self.connection], [], GLANCE)[1]:
                        size = self.connection.send(piece)
                        self.sent += size
                        piece = piece[size:]
        except OSError as failure:
            self.failure = failure
