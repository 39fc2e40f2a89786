"""However the bytes of requests are cut into reads, and whatever follows them, the same comes of them."""

from functools import cache

import pytest

from tests.support.apps import read_body
from tests.support.client import Answers
from tests.support.corpus import BAD, GOOD, LIMITS
from tests.support.wire import Wire

CORPUS = GOOD + BAD
named = pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry.name.replace(" ", "-"))


def outcome(*reads):
    """What the app saw: (scope, body) of each request that came whole; the statuses; does the connection end?"""
    seen = []

    async def app(scope, receive, send):
        body = await read_body(receive)
        if body is None:
            return
        seen.append((scope, body))
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body})

    peer = Wire(app, **LIMITS)
    try:
        peer.send(*reads)
        answers = Answers(lambda index: seen[index][0]["method"] if index < len(seen) else "GET")
        answers.feed(peer.output)
        assert all(answer.complete for answer in answers)
        for (scope, body), answer in zip(seen, answers, strict=False):
            assert answer.body == (b"" if scope["method"] == "HEAD" else body)
        return seen, [answer.status for answer in answers], peer.ended
    finally:
        peer.close()


@cache
def whole(entry):
    return outcome(entry.data)


def requests(seen):
    return [(scope["method"], scope["raw_path"] + b"?" * bool(scope["query_string"]) + scope["query_string"], body)
            for scope, body in seen]


@named
def test_whole(entry):
    seen, statuses, ended = whole(entry)
    assert requests(seen) == list(entry.seen)
    assert statuses == list(entry.statuses)
    assert ended == entry.last


@named
def test_split_at_every_byte(entry):
    for at in range(1, len(entry.data)):
        assert outcome(entry.data[:at], entry.data[at:]) == whole(entry), f"split at {at}: {entry.data[:at]!r}"


@named
def test_byte_by_byte(entry):
    data = entry.data
    assert outcome(*(data[at:at + 1] for at in range(len(data)))) == whole(entry)


@named
def test_pipelined_with_each_other(entry):
    first = whole(entry)
    for other in CORPUS:
        second = ([], [], False) if entry.last else whole(other)
        expected = (first[0] + second[0], first[1] + second[1], first[2] or second[2])
        assert outcome(entry.data + other.data) == expected, other.name


@pytest.mark.parametrize("off", [-1, 0, 1])
@named
def test_pipelined_across_reads(entry, off):
    """In two reads that meet between the requests, or a byte off."""
    first = whole(entry)
    data, at = entry.data + GOOD[1].data, len(entry.data) + off
    second = ([], [], False) if entry.last else whole(GOOD[1])
    assert outcome(data[:at], data[at:]) == (first[0] + second[0], first[1] + second[1], first[2] or second[2])
