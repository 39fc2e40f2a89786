"""What an app says of a WebSocket, judged: the contents of its events (ASGI websocket 2.5).

Pure: knows no connection, and not whose turn it is. session.pyx asks; websocket.send it reads itself, in one go.
"""

from fastsrv_ext.http.fields cimport is_token, pair_of
from fastsrv_ext.websocket.frames cimport LONGEST_CONTROL, NORMAL, may_be_sent

cdef enum:
    LARGEST_CODE = 4999      # RFC 6455, 7.4.2
    LEAST_FINAL = 200        # below are interim responses (RFC 9110, 15.2), behind which another one follows

KNOWN_AT_FIRST = "websocket.accept, websocket.close and websocket.http.response.start"
KNOWN_BEHIND = "websocket.send and websocket.close"


cdef tuple read_accept(dict event):
    """(subprotocol or None, headers) of websocket.accept. Raises TypeError and ValueError."""
    subprotocol = event.get("subprotocol")
    if subprotocol is not None and not (
        isinstance(subprotocol, str) and subprotocol.isascii() and is_token(subprotocol.encode())
    ):
        raise ValueError(f"a subprotocol must be a token (RFC 9110, 5.6.2), not {subprotocol!r}")
    headers = list(event.get("headers") or ())
    for header in headers:
        name = pair_of(header)[0]
        if isinstance(name, bytes) and (name.lower() == b"upgrade" or name.lower().startswith(b"sec-websocket-")):
            raise ValueError(f"the header {name!r} of a handshake is not the app's to send")
    return subprotocol, headers


cdef tuple read_close_event(dict event):
    """(code, reason in UTF-8) of websocket.close. Raises TypeError and ValueError."""
    code = event.get("code")
    reason = event.get("reason")
    code = NORMAL if code is None else code
    reason = "" if reason is None else reason
    if not (isinstance(code, int) and 0 <= code <= LARGEST_CODE and may_be_sent(code)):
        raise ValueError(f"the code of websocket.close must be one that may be sent (RFC 6455, 7.4), not {code!r}")
    if not isinstance(reason, str):
        raise TypeError(f"the reason of websocket.close must be a str, not {type(reason).__name__}")
    told = reason.encode()
    if len(told) > LONGEST_CONTROL - 2:
        raise ValueError(f"the reason of websocket.close is longer than {LONGEST_CONTROL - 2} bytes")
    return code, told


cdef dict read_denial(dict event, str kind):
    """The event of type `kind` that makes the same answer to a request. Raises ValueError."""
    status = event.get("status")
    if isinstance(status, int) and status < LEAST_FINAL:
        raise ValueError(f"a WebSocket is denied with a final status, of 200 or above, not {status}")
    return {**event, "type": kind}


cdef object unknown(object kind, str known):
    return RuntimeError(f"send() got an event of type {kind!r}; a WebSocket knows {known} now")
