"""The handshake (RFC 6455, 4.2): is it one, what is agreed, and how it is answered.

Touches no transport: the connection that has read the request is asked to switch(). fastsrv/server.py registers an
Upgrade for requests that ask for "websocket"; the app answers, by its session.
"""

import re
from base64 import b64encode
from hashlib import sha1

from fastsrv_ext.http.refusal import BadRequest
from fastsrv_ext.websocket.deflate import negotiate

from fastsrv_ext.asgi.awaitables cimport pthread_self
from fastsrv_ext.asgi.exchange cimport Exchange
from fastsrv_ext.http.fields cimport is_token
from fastsrv_ext.http.request cimport RequestHead
from fastsrv_ext.websocket.protocol cimport WebSocket, new_websocket
from fastsrv_ext.websocket.session cimport Channel, Opening, Session

cdef bytes GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")  # 16 bytes in base64
# RFC 9110, 15.5.22: what would be served.
cdef bytes WHAT_IS_SERVED = b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"


cdef class Upgrade:
    """What a worker does of requests that ask for a WebSocket: for Context.upgrades.

    max_message_size: bytes. deflate: whether permessage-deflate is agreed to.
    """
    cdef Py_ssize_t max_message_size
    cdef bint deflate

    def __init__(self, *, Py_ssize_t max_message_size, bint deflate):
        self.max_message_size = max_message_size
        self.deflate = deflate

    def __call__(self, connection, Exchange exchange not None):
        """Start the app for it: True. Raises BadRequest for what is no handshake."""
        cdef RequestHead head = exchange.head
        if head.method != "GET":
            raise BadRequest(400, "a WebSocket handshake is a GET request", "websocket")
        if only(head, b"sec-websocket-version") != b"13":
            raise BadRequest(
                426, "the only version of WebSocket served is 13", "websocket_version", WHAT_IS_SERVED)
        key = only(head, b"sec-websocket-key")
        if KEY.fullmatch(key) is None:
            raise BadRequest(400, "the Sec-WebSocket-Key is not 16 bytes in base64", "websocket")
        cdef Handshake handshake = Handshake.__new__(Handshake)
        handshake.exchange = exchange
        handshake.connection = connection
        handshake.max_message_size = self.max_message_size
        handshake.key = key
        cdef dict scope = exchange.scope
        handshake.subprotocols = read_subprotocols(head)
        scope["subprotocols"] = handshake.subprotocols.copy()
        try:
            handshake.deflate = negotiate(head.values(b"sec-websocket-extensions")) if self.deflate else None
        except ValueError as error:
            raise BadRequest(400, f"{error}", "websocket") from None
        scope["type"] = "websocket"
        scope["scheme"] = "wss" if scope["scheme"] == "https" else "ws"
        scope.setdefault("extensions", {})["websocket.http.response"] = {}
        scope["asgi"]["spec_version"] = "2.5"
        del scope["method"]
        cdef Session session = new_session(handshake)
        session.begin()
        session.context.callbacks.dispatch(session)
        return True


cdef class Handshake(Opening):
    cdef object connection
    cdef Py_ssize_t max_message_size
    cdef bytes key
    cdef list subprotocols
    cdef object deflate

    cdef Channel accept(self, Session session, str subprotocol, list headers):
        cdef list fields = [
            (b"upgrade", b"websocket"), (b"sec-websocket-accept", b64encode(sha1(self.key + GUID).digest()))]
        if subprotocol is not None:
            if subprotocol not in self.subprotocols:
                raise ValueError(
                    f"the subprotocol {subprotocol!r} is none that the client has offered: {self.subprotocols}")
            fields.append((b"sec-websocket-protocol", subprotocol.encode()))
        if self.deflate is not None:
            fields.append((b"sec-websocket-extensions", self.deflate.answer))
        session.deflate = self.deflate
        cdef WebSocket channel = new_websocket(session, self.max_message_size)
        return channel if self.connection.switch(self.exchange, channel, fields + headers) else None


cdef Session new_session(Opening opening):
    cdef Exchange exchange = opening.exchange
    cdef Session session = Session.__new__(Session)
    session.opening = opening
    session.context = exchange.context
    session.head = exchange.head
    session.client = exchange.client
    session.scope = exchange.scope
    session.thread = pthread_self()  # the loop's
    session.response_headers = ()
    exchange.became = session
    return session


cdef bytes only(RequestHead head, bytes name):
    """The value of a field that has to be there once."""
    values = head.values(name)
    if len(values) != 1:
        raise BadRequest(
            400, f"a WebSocket handshake needs one {name.decode()} field, and has {len(values)}", "websocket")
    return values[0]


cdef list read_subprotocols(RequestHead head):
    """In the client's order (RFC 6455, 11.3.4)."""
    cdef list names = []
    for name in b",".join(head.values(b"sec-websocket-protocol")).split(b","):
        name = name.strip(b" \t")
        if name:
            if not is_token(name):
                raise BadRequest(400, "a subprotocol is no token (RFC 9110, 5.6.2)", "websocket")
            names.append(name.decode("ascii"))
    return names
