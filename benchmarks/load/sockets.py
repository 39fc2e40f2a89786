"""What the WebSocket loads share: connections on blocking sockets, an epoll for all of them, runs that are asked for.

No event loop: it would take more for a message than a fast server does. The bytes are those of frames.py. Used by
websocket.py and broadcast.py, and by measure.py for a first look at a server.
"""

import itertools
import select
import socket
import struct
import sys
from urllib.parse import urlsplit

from benchmarks.load import frames
from benchmarks.load.client import HEAD_END, Failure, percentiles, report

PATIENCE = 5  # seconds for an answer
LARGEST_READ = 256 * 1024  # bytes
OPTIONS = {"connections": 32, "size": 64, "binary": 0, "deflate": 0}  # of each of these loads, on its command line
FOR_EVER = None  # a socket's timeout: none is looked at, and no call but the one that is meant is made


class Messages:
    """What is sent on all connections: messages of one kind, and their frames, made once.

    size: bytes. binary, deflate: whether they are. Frames are made when the first connection has agreed on a window.
    """

    def __init__(self, size, binary, deflate):
        self.opcode = frames.BINARY if binary else frames.TEXT
        self.size = size
        self.deflate = deflate
        # One that is repeated would be found in what the server's compressor remembers.
        self.plain = frames.messages(size, binary, frames.DIFFERENT if deflate else 1)
        self.window = self.frames = None

    def agree(self, window):
        """All connections agree on the same."""
        if self.frames is None:
            self.window = window
            self.frames = [
                frames.frame(self.opcode, frames.compressed(each, window) if self.deflate else each,
                             compressed=self.deflate)
                for each in self.plain]
        elif window != self.window:
            raise Failure(f"the server agreed to windows of {self.window} and of {window} bits")


class WebSocket:
    """One connection, open when this is made. Raises OSError, and Failure for an answer that is none."""

    def __init__(self, url, messages):
        parts = urlsplit(url)
        self.messages = messages
        self.reader = frames.Reader()
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.sendall(frames.request(
                self.socket.getpeername()[:2], (parts.path or "/").encode(), messages.deflate))
            head, self.rest = self.read_head()
            messages.agree(frames.window_agreed(head, messages.deflate))
        except BaseException:
            self.socket.close()
            raise

    def read_head(self):
        """The head of the answer, and what came behind it."""
        data = b""
        while HEAD_END not in data:
            data += self.receive()
        head, _, rest = data.partition(HEAD_END)
        return head, rest

    def receive(self):
        data = self.socket.recv(LARGEST_READ)
        if not data:
            raise frames.Ended("the server ended the connection")
        return data

    def ask(self):
        """Send the first message."""
        self.socket.sendall(self.messages.frames[0])

    def answer(self):
        """Wait for it to come back, and compare. Returns it."""
        whole = self.take(self.rest)
        while not whole:
            whole = self.take(self.receive())
        if whole != self.messages.plain[:1]:
            raise Failure("the server sent back something else than it was sent")
        return whole[0]

    def take(self, data):
        """The messages that `data` has made whole. Pings are answered."""
        whole, pongs = self.reader.feed(data)
        for pong in pongs:
            self.socket.sendall(pong)
        return whole

    def close(self):
        self.socket.close()


class Load:
    """Many connections: stand(), then run() as often as wanted. A subclass says what they do. Closed as a context."""

    def __init__(self, url, options):
        self.url = url
        self.connections = options.connections
        self.messages = Messages(options.size, options.binary, options.deflate)
        self.errors = 0  # connections that have ended, answers that have not come
        self.epoll = select.epoll()
        self.open = {}  # by file descriptor, as all that follows
        self.receive = {}
        self.send = {}
        self.partial = {}  # who has sent a part of something: bytes that a message lacks; 0: the reader has it
        self.buffer = bytearray(LARGEST_READ)
        self.view = memoryview(self.buffer)
        # What a server's frame of a whole message is known by, without a look into it.
        self.start = frames.answer_start(self.messages.opcode, options.size)
        self.whole = 0 if options.deflate else len(self.start) + options.size

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        for connection in self.open.values():
            connection.close()
        self.epoll.close()

    def stand(self):
        """Open the connections and see that each gives back what it is sent. Failure if one does not."""
        try:
            for _ in range(self.connections):
                connection = WebSocket(self.url, self.messages)
                self.open[connection.socket.fileno()] = connection
        except OSError as error:
            raise Failure(f"cannot connect to {urlsplit(self.url).netloc}: {error}") from error
        try:
            self.look()
        except OSError as error:
            raise Failure(f"a first message did not come back: {error}") from error
        self.next_frame = itertools.cycle(self.messages.frames).__next__
        for number, connection in self.open.items():  # from here on heard by the epoll alone
            connection.socket.settimeout(FOR_EVER)
            # A server that stops reading must not hold us: the kernel's own timeouts cost no call.
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", PATIENCE, 0))
            self.receive[number] = connection.socket.recv_into
            self.send[number] = connection.socket.send
            self.epoll.register(number, select.EPOLLIN)

    def look(self):
        """Send a first message and compare the answers."""
        raise NotImplementedError

    def run(self, seconds):
        """Load the server for `seconds`; the figures."""
        raise NotImplementedError

    def read(self, number, size):
        """What is in the buffer, `size` bytes, is no whole message by itself: is there one now? Raises OSError."""
        if size == 0:
            raise frames.Ended("the server ended the connection")
        missing = self.partial.pop(number, None)
        if missing is None:
            missing = 0
            if len(self.start) <= size < self.whole and self.buffer.startswith(self.start):
                missing = self.whole
        if size < missing:
            self.partial[number] = missing - size
            return False
        connection = self.open[number]
        sizes = [self.messages.size] if missing else []
        sizes += map(len, connection.take(self.view[missing:size]))
        if connection.reader.received:
            self.partial[number] = 0
        if sizes and sizes != [self.messages.size]:
            raise Failure(f"the server sent back {sizes} bytes, and was sent {self.messages.size}")
        return bool(sizes)

    def drop(self, number):
        """The connection has ended."""
        self.errors += 1
        self.partial.pop(number, None)
        self.epoll.unregister(number)
        self.open.pop(number).close()

    def figures(self, delays, seconds):
        """delays: seconds, one for each message that has come back. Failure if there is none."""
        if not delays:
            raise Failure(f"no message came back on {self.connections} connections")
        return {"messages": len(delays), "message_rate": len(delays) / seconds, **percentiles(delays),
                "errors": self.errors}


def obey(kind, options):
    """Open a Load of this kind; then, for each line on stdin, run it for so many seconds and print the figures.

    The connections stand between two runs, too, and close with stdin: what opening and closing costs is in no figure.
    """
    with kind(options.url, options) as load:
        load.stand()
        report({"connections": len(load.open)})
        for line in sys.stdin:
            report(load.run(float(line)))
