"""Bytes of a connection -> the requests in them, as h11 and httptools read them, in one shape to be compared with ours.

Neither knows anything of fastsrv. What h11 must read otherwise than we do stands in differences.py, and nowhere else.
"""

import re
from dataclasses import dataclass, field

import h11

from tests.support.differences import PERSISTENT_10, PROXY_CONNECTION, SERVED
from tests.support.reading import Parsed


@dataclass
class Message:
    """One request. target: as received; fields: (name in lower case, value); body: what has come of it; whole: has all
    of it come? persists: may another request follow?"""

    method: str
    target: bytes
    version: str
    fields: list
    body: bytes = b""
    whole: bool = False
    persists: bool = False


@dataclass
class Reading:
    """messages: those whose head is complete; refused: why nothing is read behind them, None if more may come;
    differences: the names of those that were met."""

    messages: list = field(default_factory=list)
    refused: str | None = None
    differences: set = field(default_factory=set)


def h11_reads(data, plain=True):
    """What h11 makes of a connection's bytes as a server that answers each request. plain: with what it need not know
    put into plain words."""
    reading = Reading()
    while data:
        message, rest, error, line = read_request(data)
        if error is not None:
            told = in_plain_words(data, error, line, reading.differences) if plain else None
            if told is not None:
                data = told
                continue
            reading.refused = error
        if message is not None:
            reading.messages.append(message)
            if plain and rest is not None:
                allow_for_persistence(message, reading.differences)
        if error is not None or rest is None or not message.persists:
            break
        data = rest
    return reading


def read_request(data):
    """The first request, None before its head is complete; what follows it, None before it is whole; the error, and
    where the line begins that it was found in."""
    peer, message, start = h11.Connection(h11.SERVER, max_incomplete_event_size=len(data) + 1), None, 0
    for line in re.findall(rb"[^\n]*\n|[^\n]+", data):
        peer.receive_data(line)
        try:
            while (event := peer.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Request):
                    message = Message(
                        event.method.decode(), event.target, event.http_version.decode(), list(event.headers))
                elif isinstance(event, h11.Data):
                    message.body += event.data
                else:
                    message.whole = True
                    peer.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
                    peer.send(h11.EndOfMessage())
                    message.persists = peer.their_state is h11.DONE
                    end = start + len(line) - len(peer.trailing_data[0])
                    return message, data[end:], None, start
        except h11.RemoteProtocolError as error:
            return message, None, str(error), start
        start += len(line)
    return message, None, None, start


def allow_for_persistence(message, met):
    """RFC 9112, 9.3, with what h11 does not know of it."""
    named = {name for name, _ in message.fields}
    if message.version != "1.0" and b"proxy-connection" not in named:
        return
    options = {(name, option.strip().lower()) for name, value in message.fields
               if name in (b"connection", b"proxy-connection") for option in value.split(b",")}
    persists = not options & {(b"connection", b"close"), (b"proxy-connection", b"close")} and (
        message.version >= "1.1" or (b"connection", b"keep-alive") in options)
    if persists != message.persists:
        met.add((PROXY_CONNECTION if b"proxy-connection" in named else PERSISTENT_10).name)
        message.persists = persists


def in_plain_words(data, error, line, met):
    """The same with the construct that h11 has refused written the usual way; None if it is no known one."""
    for difference in SERVED:
        if difference.construct is not None and (difference.within == "request" or "chunk header" in error):
            at = 0 if difference.within == "request" else line
            found = difference.construct.match(data, at)
            plain = found and found.expand(difference.plain)
            if found and plain != found.group():
                met.add(difference.name)
                return data[:at] + plain + data[found.end():]
    return None


def httptools_reads(data):
    """What httptools makes of it by itself. Behind a request that asks for an upgrade it reads nothing."""
    parsed = Parsed(data)
    reading = Reading(refused="an upgrade" if parsed.upgraded else parsed.error)
    for message in parsed.messages:
        last = message is parsed.messages[-1]
        reading.messages.append(Message(
            message.method, message.target, message.version, message.fields, message.body,
            message.whole and not (last and parsed.upgraded), message.keep_alive))
    return reading
