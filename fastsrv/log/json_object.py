"""The line of the access log as a JSON object (RFC 8259): fastsrv_access_log_format = "json".

Knows no logger: the object is one of the atoms (atoms.py), and takes the ways of any line. docs/LOGS.md tells of each
of its members.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

from fastsrv_ext.asgi.call import Call

NULL = "null"


class JSONObject:
    """The object of `call` for logging's %s. It is no str, in which gunicorn would escape each quotation mark."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def __str__(self) -> str:
        return json_of(self.call)


def scope_of(call: Call) -> dict[str, Any]:
    """As the app got it, which may have changed its own since."""
    return call.logged or call.scope


def json_of(call: Call) -> str:
    """One line of ASCII, whatever the client has sent: a byte of its that is none stands there as the character of its
    number (ISO 8859-1)."""
    head = call.head
    scope = scope_of(call)
    second, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    peer = address(call.client)
    text = (
        f'{beginning(second)}.{milliseconds:03}Z","type":"{scope["type"]}",'
        f'"client":{peer if scope["client"] is call.client else address(scope["client"])},"peer":{peer},'
        f'"scheme":"{scope["scheme"]}","method":{string(head.method)},'
        f'"host":{joined(head.values(b"host"))},'
        f'"target":{string(head.target.decode("latin-1"))},"protocol":{string(head.protocol)},'
        f'"status":{call.status},"received":{call.received},"sent":{call.sent},"duration":{call.took:.6f},'
        f'"first_byte":{f"{call.first_byte:.6f}" if call.first_byte else NULL},'
        f'"connection_ended":{word(call.connection_ended)},'
        f'"referer":{joined(head.values(b"referer"))},"user_agent":{joined(head.values(b"user-agent"))}'
    )
    if call.request_id is not None:
        text += f',"request_id":{string(call.request_id)},"trace_id":{word(call.trace_id)}'
    if details := call.details():
        code = details["websocket.close_code"]
        text += (
            f',"messages_received":{details["websocket.messages_received"]}'
            f',"messages_sent":{details["websocket.messages_sent"]},"close_code":{NULL if code is None else code}')
    return text + "}"


def joined(values: list[bytes]) -> str:
    """The values of the fields of a name, as one (RFC 9110, 5.3)."""
    return string(b",".join(values).decode("latin-1")) if values else NULL


def address(client: Any) -> str:
    return string(client[0]) if client else NULL


def word(text: str | None) -> str:
    """One that holds nothing that is to be escaped."""
    return NULL if text is None else f'"{text}"'


# json's own, in C: what json.dumps() of a string alone leads to. It escapes DEL, too, which JSON lets stand for itself.
string = encode_basestring_ascii
beginning = lru_cache(maxsize=1)(lambda second: time.strftime(
    f'{{"pid":{os.getpid()},"time":"%Y-%m-%dT%H:%M:%S', time.gmtime(second)))
