"""The floors: bare uvloop protocols that answer what a server would, and do nothing that a server must do.

`python -m benchmarks.floors KIND --port N [--certificate FILE]`. They find the ends of requests and nothing else: no
head is parsed, nothing is refused, nobody is timed out, and but for `task` no app is called. What a server takes above
them is what it does. The floors of WebSocket are listeners of picows' own API, which do as the apps of that name do.
"""

import argparse
import asyncio
import re
import ssl
import sys

import uvloop

from benchmarks import apps
from benchmarks.apps import LARGE, LARGE_FIELDS, PLAIN, PLAIN_FIELDS

EAGER = {"eager_start": True} if sys.version_info >= (3, 12) else {}

BACKLOG = 2048  # connections that wait to be accepted, as for the servers

HEAD_END = b"\r\n\r\n"
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)


def response(fields, body, *more):
    """The bytes of a response of the servers' own size: they send Date and Server, too."""
    head = [b"HTTP/1.1 200 OK", b"date: Sun, 22 Nov 2026 12:00:00 GMT", b"server: fastsrv"]
    head += [b": ".join(field) for field in (*fields, *more)]
    return b"\r\n".join(head) + HEAD_END + body


class Constant(asyncio.Protocol):
    """Answers each head that comes with `answer`; the requests have no body."""

    answer = response(PLAIN_FIELDS, PLAIN)

    def __init__(self):
        self.rest = b""  # a head of which the end has not come

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.rest:
            data = self.rest + data
        requests = data.count(HEAD_END)
        self.rest = b"" if data.endswith(HEAD_END) else data.rpartition(HEAD_END)[2]
        if requests == 1:
            self.transport.write(self.answer)
        elif requests:
            self.transport.write(self.answer * requests)


class Task(Constant):
    """Calls the app of plain text, too, with a scope that is the same each time, in a task as any ASGI server on
    asyncio has to. What the app sends is dropped: the answer is constant."""

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000),
    }

    def connection_made(self, transport):
        super().connection_made(transport)
        self.loop = asyncio.get_running_loop()
        self.done = self.loop.create_future()  # awaited by all: nothing that is done at once is cheaper
        self.done.set_result(None)

    def send(self, event):
        return self.done

    def data_received(self, data):
        for _ in range(data.count(HEAD_END)):
            asyncio.Task(apps.plain(self.scope.copy(), self.send, self.send), loop=self.loop, **EAGER)
        super().data_received(data)


class Large(Constant):
    """Answers with a megabyte. For one request at a time."""

    answer = response(LARGE_FIELDS, LARGE)


class Close(Constant):
    """Answers, then closes the connection."""

    answer = response(PLAIN_FIELDS, PLAIN, (b"connection", b"close"))

    def data_received(self, data):
        super().data_received(data)
        if not self.rest:
            self.transport.close()


class Count(Constant):
    """Counts the bytes of a body by its Content-Length, then answers with their number. For one request at a time."""

    answer = response([(b"content-type", b"text/plain"), (b"content-length", b"%d")], b"%b")

    def __init__(self):
        super().__init__()
        self.length = self.left = 0  # bytes

    def data_received(self, data):
        size = len(data)
        if not self.left:
            data = self.rest + data
            end = data.find(HEAD_END)
            if end < 0:
                self.rest = data
                return
            self.rest = b""
            self.length = self.left = int(CONTENT_LENGTH.search(data, 0, end)[1])
            size = len(data) - end - len(HEAD_END)  # of the body alone, which is not copied
        self.left -= size
        if not self.left:
            digits = b"%d" % self.length
            self.transport.write(self.answer % (len(digits), digits))


def websocket_kinds(picows):
    """The listeners by kind. picows: the module, which only the peers' environment has to have."""
    members = set()  # the transports of the broadcast

    class Listener(picows.WSListener):
        def on_ws_frame(self, transport, frame):
            if frame.msg_type == picows.WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code(), frame.get_close_message())
                transport.disconnect()
            else:
                self.message_came(transport, frame.msg_type, frame.get_payload_as_bytes())

    class Echo(Listener):
        def message_came(self, transport, kind, payload):
            transport.send(kind, payload)

    class Broadcast(Listener):
        def on_ws_connected(self, transport):
            members.add(transport)

        def on_ws_disconnected(self, transport):
            members.discard(transport)

        def message_came(self, transport, kind, payload):
            for each in members:
                each.send(kind, payload)

    return dict(zip(WEBSOCKET_KINDS, (Echo, Broadcast), strict=True))


KINDS = {"constant": Constant, "task": Task, "large": Large, "close": Close, "count": Count}
WEBSOCKET_KINDS = ("echo", "broadcast")


async def serve(kind, port, certificate=None):
    """Serve until the process is ended. certificate: a PEM file that holds its key, too; TLS, if there is one."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    if kind in WEBSOCKET_KINDS:
        import picows

        listener = websocket_kinds(picows)[kind]
        server = await picows.ws_create_server(
            lambda request: listener(), "127.0.0.1", port, ssl=context, backlog=BACKLOG)
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(KINDS[kind], "127.0.0.1", port, ssl=context, backlog=BACKLOG)
    await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floors", description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=(*KINDS, *WEBSOCKET_KINDS))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", metavar="FILE", help="a PEM file that holds its key, too: serve TLS")
    options = parser.parse_args()
    uvloop.run(serve(options.kind, options.port, options.certificate))


if __name__ == "__main__":
    main()
