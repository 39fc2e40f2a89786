"""A connection without a network: the real protocol and the real dispatch, a transport in memory, and a
clock that is ticked by hand. Nothing here sleeps; the loop is run until it has nothing left to do.
"""

import asyncio
import logging
import os
import socket
from math import inf

from fastsrv.config.setting import UNLIMITED
from fastsrv.dispatch import Dispatch
from fastsrv_ext.budget import Budget
from fastsrv_ext.clock import TICK, Clock
from fastsrv_ext.context import Callbacks, CommonResponse, CommonScope, Context, Limits, Service
from fastsrv_ext.http1.protocol import HTTP1

TURNS = 100_000  # of the loop, after which a test has failed: something goes on for ever
HOST = b"Host: example.org\r\n"
SCAN_HEADS = os.environ.get("FASTSRV_SCAN_HEADS") != "off"


def get(path=b"/", *fields, version=b"1.1"):
    """A GET request as bytes."""
    return b"GET " + path + b" HTTP/" + version + b"\r\n" + HOST + b"".join(f + b"\r\n" for f in fields) + b"\r\n"


def post(body, *fields, path=b"/"):
    """A POST request with a Content-Length as bytes."""
    head = b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n" % len(body)
    return head + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + body


async def settle(turns=None):
    """Let the loop turn until nothing is left to do, or so often."""
    loop = asyncio.get_running_loop()
    for _ in range(turns or TURNS):
        if not loop._ready:  # asyncio's callbacks that are due; no public name tells
            return
        await asyncio.sleep(0)
    assert turns is not None, "the server does not come to rest"


class Transport(asyncio.Transport):
    """What asyncio promises of a stream transport, in memory.

    `sent`: bytes the peer has got, a list with an item per write that left at once. `room`: how many bytes the
    kernel takes before the rest is buffered here, None for all. The peer's side: see Wire.
    """

    def __init__(self, loop, protocol, unix=False, peerless=False):
        super().__init__()
        self.loop, self.protocol = loop, protocol
        self.sent, self.buffer, self.room = [], bytearray(), None
        self.incoming = []  # what the peer has sent while reading was paused; None for its end
        self.eof_written = self.closing = self.lost = self.aborted = False
        self.write_error = None  # of the next write
        self.reading, self.paused, self.high, self.low = True, False, 64 * 1024, 16 * 1024
        ours, self.peer = socket.socketpair()
        ours.setblocking(False)
        self.extra = {
            "socket": ours,
            "peername": None if peerless else "" if unix else ("192.0.2.7", 4321),
            "sockname": "/run/fastsrv.sock" if unix else ("192.0.2.1", 80),
        }

    def set_protocol(self, protocol):
        self.protocol = protocol

    def get_extra_info(self, name, default=None):
        return self.extra.get(name, default)

    def set_write_buffer_limits(self, high=None, low=None):
        self.high, self.low = high, low

    def get_write_buffer_size(self):
        return len(self.buffer)

    def write(self, data):
        assert isinstance(data, (bytes, bytearray, memoryview))
        if self.eof_written:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self.lost or not data:
            return
        if self.write_error is not None:  # loops tell of it later; until then they take what they are given
            self.closing = True
            self.lose(self.write_error)
            return
        data = bytes(data)
        if not self.buffer:
            taken = len(data) if self.room is None else min(self.room, len(data))
            if taken:
                self.sent.append(data[:taken])
            data = data[taken:]
            if self.room is not None:
                self.room -= taken
        self.buffer += data
        if len(self.buffer) > self.high and not self.paused:
            self.paused = True
            self.protocol.pause_writing()

    def writelines(self, parts):
        self.write(b"".join(parts))

    def can_write_eof(self):
        return True

    def write_eof(self):
        self.eof_written = True

    def is_closing(self):
        return self.closing

    def close(self):
        if not self.closing:
            self.closing = True
            if not self.buffer:
                self.lose(None)

    def abort(self):
        self.closing = self.aborted = True
        self.buffer.clear()
        self.lose(None)

    def lose(self, exc):
        if not self.lost:
            self.lost = True
            self.loop.call_soon(self.protocol.connection_lost, exc)

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True
        self.loop.call_soon(self.deliver)

    # --- the peer's side ---

    def receive(self, data):
        """The peer sends `data`, or ends its side (None)."""
        self.incoming.append(data)
        self.deliver()

    def deliver(self):
        while self.incoming and self.reading and not self.closing:
            data = self.incoming.pop(0)
            if data is not None:
                self.protocol.data_received(data)
            elif not self.protocol.eof_received():
                self.close()

    def take(self, size):
        """The peer reads `size` bytes of what the kernel had no room for."""
        if self.buffer:
            self.sent.append(bytes(self.buffer[:size]))
            del self.buffer[:size]
        if len(self.buffer) <= self.low and self.paused and not self.lost:
            self.paused = False
            self.protocol.resume_writing()
        if self.closing and not self.buffer:
            self.lose(None)


class Wire:
    """A peer connected to `app`. Every method returns when the server has nothing left to do.

    turns: of the loop after each step, for an app that goes on for ever; None: until nothing is left to do.
    unix: over a UNIX socket. peerless: the peer has reset the connection before it was accepted.
    layer(protocol) -> protocol: what lies between the transport and `connection`.
    budget: of a turn of the loop, in seconds; 0: one start a turn. No end by default, or what is done in a turn would
    depend on how busy the machine is.
    announced_keepalive: seconds; 0: clients are told of none. callbacks: the others of Callbacks.
    Times are seconds as the settings have them; `connection` is the protocol, to be left alone by tests.
    """

    def __init__(self, app, *, unix=False, peerless=False, header=10, keepalive=5, body=10, send=10, drain=5, close=5,
                 grace=3, ping_interval=20, ping_timeout=20, closing=10, upgrades=None, min_rate=100,
                 request_line=4094, request_fields=100, request_field_size=8190, request_head=65536,
                 request_body=UNLIMITED, limit_drain=1024 * 1024, any_method=False,
                 any_version=False, refuse_underscores=False, max_connections=1000, max_in_flight=UNLIMITED,
                 max_requests=0, scan_heads=SCAN_HEADS, scheme="http", tls=False, state=None,
                 root_path="", add_root_path="missing", send_raises=False, announced_keepalive=0, connect=True,
                 turns=None, layer=None, budget=inf, direct=False, counters=None, share=None, **callbacks):
        self.loop = asyncio.new_event_loop()
        self.turns = turns
        self.errors = []  # of the loop's exception handler: there must be none
        self.loop.set_exception_handler(lambda loop, problem: self.errors.append(problem))
        self.log = logging.getLogger("fastsrv.tests")
        self.clock = Clock(
            HEAD=header, IDLE=keepalive or TICK, BODY=body, SEND=send, DRAIN=drain, CLOSE=close, GRACE=grace or 1,
            OPEN=ping_interval, PONG=ping_timeout, CLOSING=closing)
        self.dispatch = Dispatch(app, self.loop, self.log, clock=self.clock, grace_period=grace)
        self.context = Context(
            loop=self.loop, clock=self.clock, budget=Budget(budget), counters=counters, share=share, direct=direct,
            callbacks=Callbacks(dispatch=self.dispatch.start, gone=self.dispatch.gone, **callbacks),
            limits=Limits(
                request_line=request_line, request_fields=request_fields, request_field_size=request_field_size,
                request_head=request_head, request_body=request_body, drain=limit_drain, min_rate=min_rate,
                any_method=any_method, any_version=any_version, refuse_underscores=refuse_underscores),
            service=Service(
                max_connections=max_connections, max_in_flight=max_in_flight, max_requests=max_requests,
                keepalive=keepalive > 0, scan_heads=scan_heads),
            scope=CommonScope(
                scheme=scheme, tls=tls, root_path=root_path, add_root_path=add_root_path, state=state,
                send_after_disconnect="raise" if send_raises else "ignore"),
            response=CommonResponse(keepalive=announced_keepalive, keep_alive_header=announced_keepalive > 0),
            upgrades=upgrades)
        self.connection = HTTP1(self.context)
        protocol = self.connection if layer is None else layer(self.connection)
        self.transport = Transport(self.loop, protocol, unix, peerless)
        if connect:
            self.call(protocol.connection_made, self.transport)

    def call(self, function, *args):
        """Call it as the loop would, then let the loop finish."""
        async def run():
            function(*args)
            await settle(self.turns)

        self.loop.run_until_complete(run())
        assert not self.errors, self.errors

    # --- the peer's side ---

    def send(self, *pieces):
        """The peer sends; each piece arrives in a read of its own, when reading is not paused."""
        for piece in pieces:
            self.call(self.transport.receive, piece)
        return self

    def drip(self, data):
        """The peer sends byte by byte, faster than the loop turns."""
        def drip():
            for index in range(len(data)):
                self.transport.receive(data[index:index + 1])

        self.call(drip)
        return self

    def end(self):
        """The peer half-closes."""
        self.call(self.transport.receive, None)
        return self

    def reset(self):
        """The peer's reset comes in."""
        self.transport.closing = True
        self.call(self.transport.lose, ConnectionResetError(104, "Connection reset by peer"))
        return self

    def read(self, size=1 << 40):
        """The peer reads what the kernel had no room for."""
        self.call(self.transport.take, size)
        return self

    def leave_unread(self, data):
        """Bytes that have come into the kernel and that the loop has not read."""
        self.transport.peer.send(data)
        return self

    # --- time ---

    def wait(self, seconds):
        """Time passes: as many ticks of the clock as it takes at most to be sure of `seconds`."""
        for _ in range(int(seconds / TICK) + 2):
            self.tick()
        return self

    def tick(self, seconds=TICK):
        """Exactly as many ticks of the clock as fit into `seconds`."""
        def tick():
            self.clock.advance()
            self.dispatch.refresh()
            self.clock.judge()

        for _ in range(int(seconds / TICK)):
            self.call(tick)

    # --- what the peer sees ---

    @property
    def writes(self):
        return self.transport.sent

    @property
    def output(self):
        """All bytes so far."""
        return b"".join(self.transport.sent)

    def take(self):
        """The bytes since the last take()."""
        output = self.output
        self.transport.sent.clear()
        return output

    @property
    def ended(self):
        """Does the peer see our end (and no reset)?"""
        return (self.transport.eof_written or (self.transport.lost and not self.transport.buffer)) \
            and not self.transport.aborted

    @property
    def closed(self):
        """Is the socket closed?"""
        return self.transport.lost

    def close(self):
        """Tear down: the loop ends without anything left in it."""
        if not self.transport.lost and self.transport.protocol is self.connection:
            self.call(self.transport.abort)
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.call(lambda: None)
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
        self.transport.peer.close()
        self.transport.extra["socket"].close()
