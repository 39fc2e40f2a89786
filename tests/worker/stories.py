"""What a story of a peer on real sockets is, how it is played, and what the stories of several files have in common.
Told in test_limits_of_time.py, test_limits_of_size.py and test_ends.py.

Each story has a server of its own, whose limits are long but for the one that the story is about. All stories of a
file and a loop are played at once (`played`, in conftest.py); a test looks at how one went.
"""

import socket

from tests.support.servers import PATIENCE, ThreadServer, read_response

LONG = dict.fromkeys(
    ("header_timeout", "keepalive", "body_timeout", "send_timeout", "drain_timeout", "close_timeout"), 60.0)
HEAD = b"POST / HTTP/1.1\r\nHost: example.org\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
NO_HOST = b"GET / HTTP/1.1\r\n\r\n"
MUCH = 16 * 1024 * 1024  # bytes: more than all buffers on the way hold
LITTLE = 2 * 1024 * 1024  # bytes: more than the small buffers hold, with what is read ahead


class Stories(dict):
    """Those of a file: name -> what perform() wants to know, but for the loop."""

    def add(self, app, ends, refused=None, **settings):
        """A story for a server of `app`: ends, refused: what Counters has to tell when it is over."""
        def add(play):
            self[play.__name__] = (play, app, ends, refused or {}, {**LONG, "lifespan": "off", **settings})
            return play

        return add


def perform(loop, play, app, ends, refused, settings):
    with ThreadServer(app() if isinstance(app, type) else app, loop, **settings) as server:
        play(server)

        def told():
            snapshot = server.server.counters.snapshot()
            return {name: count for name, count in snapshot["connections"].items() if count}, snapshot["refused"]

        server.until(lambda: sum(told()[0].values()) >= sum(ends.values()))
        assert server.call(told) == (ends, refused) and server.server.context.connections == 0


# --- what stories do ---


def refusal(connection, status):
    """It is the last answer, and an orderly end follows."""
    response = read_response(connection)
    assert (response.status, response.headers["connection"]) == (status, "close")
    assert connection.recv(1) == b""
    return response


def connect_with_small_buffers(server):
    """Of the kernel, on both sides."""
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", server.port))
    return connection


async def large(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % MUCH)]})
    for _ in range(16):
        await send({"type": "http.response.body", "body": b"x" * (MUCH // 16), "more_body": True})
    await send({"type": "http.response.body"})
