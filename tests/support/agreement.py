"""What fastsrv has served, held against what h11 and httptools read in the same bytes (oracles.py).

Two ways to serve, one shape: serve() on a Wire, in any reads; serve_at_once() without a loop, for the fuzzing.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from tests.support.answers import statuses
from tests.support.client import Answers
from tests.support.oracles import Message, h11_reads, httptools_reads
from tests.support.reading import USUAL, Reader
from tests.support.wire import Wire

ABSOLUTE = re.compile(rb"(?i:https?)://([^/?]*)(.*)", re.DOTALL)


@dataclass
class Served:
    """requests: a Message for each scope that an app was given, in order; statuses: of the answers; ended: is our side
    closed?"""

    requests: list
    statuses: list
    ended: bool

    @property
    def refused(self):
        return any(400 <= status < 500 for status in self.statuses)


def from_scope(scope, body, whole):
    assert b"?" not in scope["raw_path"]
    assert scope["path"] == unquote_to_bytes(scope["raw_path"]).decode("utf-8", "replace")
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    return Message(scope["method"], target, scope["http_version"], plain_fields(scope["headers"]), body, whole)


def for_the_app(message):
    """What an app must be told of `message`: the target in origin-form, its authority in Host (RFC 9112, 3.2.2); an
    empty query is none."""
    target, fields = message.target, plain_fields(message.fields)
    if absolute := ABSOLUTE.fullmatch(target):
        authority, target = absolute.groups()
        if not target.startswith(b"/"):
            target = b"/" + target
        fields = [(name, authority if name == b"host" else value) for name, value in fields]
        if b"host" not in dict(fields):
            fields.append((b"host", authority))
    if target.partition(b"?")[2] == b"":
        target = target.rstrip(b"?")
    return Message(message.method, target, message.version, fields, message.body, message.whole)


def plain_fields(fields):
    """h11 tells a coding in lower case. A name with an underscore is not compared: it may be dropped."""
    return [(name, value.lower() if name == b"transfer-encoding" else value)
            for name, value in fields if b"_" not in name]


def serve(reads, scan, **limits):
    """An app that reads each body and answers, and a peer that sends `reads` and stays."""
    requests = []

    async def app(scope, receive, send):
        request = from_scope(scope, b"", False)
        requests.append(request)
        while not request.whole:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            request.body += event["body"]
            request.whole = not event["more_body"]
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"ok"})

    wire = Wire(app, scan_heads=scan, **limits)
    try:
        wire.send(*reads)
        output = wire.output
        refused = "HEAD" if output.endswith(b"\r\n\r\n") else "GET"  # of which the app knows nothing
        answers = Answers(lambda index: requests[index].method if index < len(requests) else refused).feed(output)
        answers = [answer for answer in answers if answer.status is not None]
        assert all(answer.complete for answer in answers)
        return Served(list(requests), [answer.status for answer in answers], wire.ended)
    finally:
        wire.close()


def serve_at_once(data, scan, limits=USUAL):
    """One read; an app that answers before it reads, so that a body may be left to come."""
    read = Reader(data, scan, limits)
    requests = [from_scope(scope, body or b"", body is not None) for scope, body in read.requests]
    return Served(requests, statuses(read.output), read.ended)


def read_by_oracles(data):
    """What compare() wants to know of them."""
    return h11_reads(data), httptools_reads(data)


def compare(served, expected, others):
    """Assert that what was served h11 (`expected`) and httptools (`others`) have read alike, that nothing was served
    behind a refusal, and that the connection goes on if they say so."""
    agree(served.requests, expected.messages)
    agree(served.requests, others.messages, cut=others.refused == "an upgrade")
    whole = [request for request in served.requests if request.whole]
    if served.refused:
        answered = len(served.statuses) - 1
        assert all(status == 200 for status in served.statuses[:-1]), "a refusal is the last answer"
        assert served.ended
        assert len(whole) == answered and len(served.requests) - answered in (0, 1), "served behind a refusal"
    else:
        assert [request.whole for request in served.requests] == [message.whole for message in expected.messages]
        if whole and whole == served.requests:
            assert served.ended == (not expected.messages[-1].persists), "the connection's fate"


def agree(requests, messages, cut=False):
    """cut: nothing is known of the last message's body, nor of what follows it."""
    assert cut or len(requests) <= len(messages), "served what is no request"
    for request, message in zip(requests, messages, strict=False):
        told = for_the_app(message)
        if not request.whole or (cut and message is messages[-1]):
            told.body, told.whole = request.body, request.whole
        assert request == told
        if not request.whole:
            assert cut or message.body.startswith(request.body)
        assert message.persists or request is requests[-1], "served behind the last request"
