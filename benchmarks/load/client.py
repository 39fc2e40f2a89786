"""What the load generators share: a client's side of one connection, the command line, the figures on stdout.

Knows answers of a stated length alone, one request at a time. Used by race.py, idle.py, events.py, share.py and
reload.py; what is no connection by sockets.py, too.
"""

import argparse
import asyncio
import json
import re
import resource
import socket
import sys
from urllib.parse import urlsplit

import uvloop

HEAD_END = b"\r\n\r\n"
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)


class Failure(Exception):
    """The server does not do what the job needs; the text is for a human."""


class Client(asyncio.Protocol):
    """One connection: ask(), then answered() when the answer is whole, which is `answer` then. A subclass says what
    follows."""

    def __init__(self, target):
        self.target = target
        self.transport = None
        self.received = b""
        self.answer = b""

    def connection_made(self, transport):
        self.transport = transport
        self.ask()

    def ask(self):
        self.transport.write(self.target.request)

    def data_received(self, data):
        if self.received:
            data = self.received + data
        size = answer_size(data)
        if size is None or len(data) < size:
            self.received = data
        elif len(data) > size:
            raise Failure(f"the server sent {len(data) - size} bytes more than its answer")
        else:
            self.received = b""
            self.answer = data
            self.answered()

    def answered(self):
        raise NotImplementedError

    @property
    def body(self):
        return self.answer.partition(HEAD_END)[2]


class Target:
    """What a URL says: the address to connect to and the request to send."""

    def __init__(self, url):
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            raise Failure(f"{url} is no URL of the scheme http with a host")
        self.address = (parts.hostname, parts.port or 80)
        self.request = b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % ((parts.path or "/").encode(), parts.netloc.encode())

    async def connect(self, protocol, receive_buffer=None):
        """Connect `protocol`; returns the socket. receive_buffer: bytes, the system's own choice if None."""
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await loop.sock_connect(connection, self.address)
        except OSError as error:
            connection.close()
            raise Failure(f"cannot connect to {self.address[0]}:{self.address[1]}: {error}") from error
        except asyncio.CancelledError:
            connection.close()
            raise
        await loop.create_connection(lambda: protocol, sock=connection)
        return connection


def answer_size(data):
    """The size in bytes of the answer that `data` begins with, None while its head is not whole.

    Failure if it is no success or does not say its length.
    """
    end = data.find(HEAD_END)
    if end < 0:
        return None
    if not data.startswith(b"HTTP/1.1 2"):
        raise Failure("the server answered " + data[:end].decode("latin-1").splitlines()[0])
    length = CONTENT_LENGTH.search(data, 0, end)
    if length is None:
        raise Failure("the server's answer has no Content-Length")
    return end + len(HEAD_END) + int(length[1])


def percentiles(values):
    """p50, p99 and p999 of `values`, by name; nothing of nothing."""
    ordered = sorted(values)
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    return {name: ordered[int(share * (len(ordered) - 1))] for name, share in shares.items() if ordered}


def arguments(description, **options):
    """Parse the command line: --url, and an option of each name with this default (None: required, a number)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--url", required=True)
    for name, default in options.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return parser.parse_args()


def report(figures):
    """Print the one JSON object, at once."""
    print(json.dumps(figures), flush=True)


def run(job):
    """Run the coroutine `job` on uvloop. What goes wrong, in a callback too, ends the process with status 1."""
    call(lambda: uvloop.run(until_failure(job)))


def call(function):
    """Call `function`, which may open as many files as there may be. A Failure ends the process with status 1."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        function()
    except Failure as failure:
        sys.exit(str(failure))


async def until_failure(job):
    """The result of `job`, or an exception of any callback that fails before."""
    loop = asyncio.get_running_loop()
    failed = loop.create_future()

    def fail(loop, context):
        if not failed.done():
            failed.set_exception(context.get("exception") or Failure(context["message"]))

    loop.set_exception_handler(fail)
    working = loop.create_task(job)
    await asyncio.wait({working, failed}, return_when=asyncio.FIRST_COMPLETED)
    if not failed.done():
        return working.result()
    working.cancel()
    await asyncio.wait({working})
    return failed.result()
