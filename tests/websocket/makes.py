"""Clients of other makes, each behind the same few methods: what test_clients.py asks of all of them.

A Peer is opened by `async with MAKES[name](url, ...) as peer`, which raises Denied if it is not accepted. The one on
Node is node_client.js.
"""

import asyncio
import contextlib
import socket
import struct

import aiohttp
import picows
import picows.websockets
import websockets
from websockets.asyncio.client import connect as connect_by_websockets

ABNORMAL = 1006
LARGEST = 64 * 1024 * 1024  # bytes of a message


class Denied(Exception):
    """By an answer that is not 101: `status`, `headers` with names in lower case, `body`, None if the client keeps it
    to itself."""

    def __init__(self, status, headers, body=None):
        super().__init__(status)
        self.status, self.headers, self.body = status, lower(headers), body


class Ended(Exception):
    """receive() has got the end: `code` and `reason` of the server's Close, 1006 without one."""

    def __init__(self, code, reason):
        super().__init__(code, reason)
        self.code, self.reason = code, reason


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


class Peer:
    """url: ws:// or wss://. subprotocols: names. fields: name -> value. deflate: is it offered? tls: a context.

    Open, it has `subprotocol`, None without, and `headers`, those of the answer.
    """

    def __init__(self, url, *, subprotocols=(), fields=None, deflate=False, tls=None):
        self.url, self.subprotocols, self.fields, self.deflate, self.tls = url, subprotocols, fields or {}, deflate, tls
        self.closes = contextlib.AsyncExitStack()

    async def __aenter__(self):
        try:
            await self.open()
        except BaseException:
            await self.closes.aclose()
            raise
        return self

    async def __aexit__(self, *failure):
        await self.closes.aclose()

    async def ended(self):
        """(code, reason) of the end, which has to come next."""
        try:
            message = await self.receive()
        except Ended as end:
            return end.code, end.reason
        raise AssertionError(f"a message instead of the end: {message!r}")

    def vanish(self, reset):
        """Without a Close."""
        if reset:
            self.socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()


class Websockets(Peer):
    connect = staticmethod(connect_by_websockets)
    Closed = websockets.ConnectionClosed
    InvalidStatus = websockets.InvalidStatus

    async def open(self):
        try:
            self.ws = await self.closes.enter_async_context(self.connect(
                self.url, subprotocols=list(self.subprotocols) or None, additional_headers=self.fields, ssl=self.tls,
                compression="deflate" if self.deflate else None, max_size=LARGEST, proxy=None, ping_interval=None))
        except self.InvalidStatus as failure:
            answer = failure.response
            raise Denied(answer.status_code, answer.headers, answer.body) from None
        self.subprotocol, self.headers = self.ws.subprotocol, lower(self.ws.response.headers)

    async def send(self, message):
        await self.ws.send(message)

    async def receive(self):
        try:
            return await self.ws.recv()
        except self.Closed as closed:
            close = closed.rcvd
            raise Ended(*((ABNORMAL, "") if close is None else (close.code, close.reason))) from None

    async def ping(self, payload):
        await (await self.ws.ping(payload))

    async def close(self, code, reason):
        await self.ws.close(code, reason)
        return await self.ended()

    def socket(self):
        return self.ws.transport.get_extra_info("socket")

    def abort(self):
        self.ws.transport.abort()


class PicowsLikeWebsockets(Websockets):
    """For messages: with the permessage-deflate that picows by itself has not."""

    connect = staticmethod(picows.websockets.connect)
    Closed = picows.websockets.ConnectionClosed
    InvalidStatus = picows.websockets.InvalidStatus


class Aiohttp(Peer):
    connection = None

    async def open(self):
        async def answered(session, context, params):
            self.headers = lower(params.response.headers)

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(answered)
        self.closes.push_async_callback(self.wait_for_end)
        session = await self.closes.enter_async_context(aiohttp.ClientSession(trace_configs=[trace]))
        try:
            self.ws = await self.closes.enter_async_context(session.ws_connect(
                self.url, protocols=self.subprotocols, headers=self.fields, compress=15 if self.deflate else 0,
                ssl=self.tls or True, max_msg_size=LARGEST, autoping=False))
        except aiohttp.WSServerHandshakeError as failure:
            raise Denied(failure.status, failure.headers) from None
        self.subprotocol = self.ws.protocol
        self.connection = self.ws.get_extra_info("socket")

    async def wait_for_end(self):
        """A session that is closed has connections that are not: of TLS, say."""
        while self.connection is not None and self.connection.fileno() != -1:
            await asyncio.sleep(0)

    async def send(self, message):
        await (self.ws.send_str(message) if isinstance(message, str) else self.ws.send_bytes(message))

    async def receive(self):
        message = await self.ws.receive()
        if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            return message.data
        if message.type is aiohttp.WSMsgType.CLOSE:
            raise Ended(message.data, message.extra)
        assert message.type is aiohttp.WSMsgType.CLOSED, message
        raise Ended(ABNORMAL, "")

    async def ping(self, payload):
        await self.ws.ping(payload)
        message = await self.ws.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, payload)

    async def close(self, code, reason):
        await self.ws.close(code=code, message=reason.encode())
        return self.ws.close_code, ""  # the reason of an answer is kept from who asks

    def socket(self):
        return self.connection

    def abort(self):
        self.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class Picows(Peer, picows.WSListener):
    """Frames come to a listener: what a library on top of it does is done here."""

    async def open(self):
        self.came, self.pongs, self.assembled, self.end = asyncio.Queue(), asyncio.Queue(), b"", (ABNORMAL, "")
        fields = dict(self.fields)
        if self.subprotocols:
            fields["Sec-WebSocket-Protocol"] = ", ".join(self.subprotocols)
        try:
            self.transport, _ = await picows.ws_connect(
                lambda: self, self.url, ssl_context=self.tls, extra_headers=fields, max_frame_size=LARGEST)
        except picows.WSHandshakeError as failure:
            raise Denied(failure.response.status, failure.response.headers, failure.response.body) from None
        self.closes.push_async_callback(self.transport.wait_disconnected)
        self.closes.callback(self.transport.disconnect)
        self.headers = lower(self.transport.response.headers)
        self.subprotocol = self.headers.get("sec-websocket-protocol")

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == picows.WSMsgType.PONG:
            self.pongs.put_nowait(frame.get_payload_as_bytes())
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            self.end = (int(frame.get_close_code()), frame.get_close_reason() or "")
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        elif frame.msg_type == picows.WSMsgType.TEXT:
            self.came.put_nowait(frame.get_payload_as_utf8_text())
        elif frame.msg_type == picows.WSMsgType.BINARY:
            self.came.put_nowait(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport):
        self.came.put_nowait(Ended(*self.end))

    async def send(self, message):
        kind = picows.WSMsgType.TEXT if isinstance(message, str) else picows.WSMsgType.BINARY
        self.transport.send(kind, message.encode() if isinstance(message, str) else message)

    async def receive(self):
        message = await self.came.get()
        if isinstance(message, Ended):
            raise message
        return message

    async def ping(self, payload):
        self.transport.send_ping(payload)
        assert await self.pongs.get() == payload

    async def close(self, code, reason):
        self.transport.send_close(code, reason.encode())
        return await self.ended()

    def socket(self):
        return self.transport.underlying_transport.get_extra_info("socket")

    def abort(self):
        self.transport.disconnect(graceful=False)


MAKES = {"websockets": Websockets, "aiohttp": Aiohttp, "picows": Picows, "picows.websockets": PicowsLikeWebsockets}
