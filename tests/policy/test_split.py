"""However the bytes of requests are cut into reads, and whatever follows them, the same comes of them."""

from functools import cache

import pytest

from tests.policy.row import get
from tests.policy.rows import ROWS, USUAL
from tests.policy.settings import for_wire
from tests.support.apps import read_body
from tests.support.client import Answers
from tests.support.wire import Wire

NEXT = get(target=b"/next")
settings_of = cache(for_wire)
named = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
both_ways = pytest.mark.parametrize("scan", [True, False], ids=["scan", "parser"])


def outcome(row, *reads, scan=True):
    """What the app saw: (scope, body) of each request that came whole; the statuses; does the connection end?"""
    seen = []

    async def app(scope, receive, send):
        body = await read_body(receive)
        if body is None:
            return
        seen.append((scope, body))
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body})

    peer = Wire(app, scan_heads=scan, **settings_of(row.under))
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
def whole(row):
    return outcome(row, row.data)


def requests(seen):
    return tuple((scope["method"], scope["raw_path"] + b"?" * bool(scope["query_string"]) + scope["query_string"], body)
                 for scope, body in seen)


def joined(first, second):
    """The outcome of a connection that goes on after `first`."""
    return first[0] + second[0], first[1] + second[1], first[2] or second[2]


@both_ways
@named
def test_whole(row, scan):
    seen, statuses, ended = outcome(row, row.data, scan=scan)
    assert requests(seen) == row.seen
    assert tuple(statuses) == row.statuses
    assert ended == row.last
    if row.headers is not None:
        assert tuple(seen[0][0]["headers"]) == row.headers


@both_ways
@named
def test_split_at_every_byte(row, scan):
    for at in row.at:
        reads = row.data[:at], row.data[at:]
        assert outcome(row, *reads, scan=scan) == whole(row), f"split at {at}: {row.data[:at]!r}"


@both_ways
@named
def test_byte_by_byte(row, scan):
    assert outcome(row, *(row.data[at:at + 1] for at in range(len(row.data))), scan=scan) == whole(row)


@pytest.mark.parametrize("off", [-1, 0, 1])
@named
def test_followed_by_a_request(row, off):
    """In two reads that meet between them, or a byte off; also in one."""
    data, at = row.data + NEXT, len(row.data) + off
    second = ([], [], False) if row.last else outcome(row, NEXT)
    assert outcome(row, data[:at], data[at:]) == outcome(row, data) == joined(whole(row), second)


@pytest.mark.parametrize("row", [row for row in USUAL if not row.last], ids=lambda row: row.name)
def test_followed_by_others(row):
    """Each by an eighth of them, not by the same."""
    for other in USUAL[USUAL.index(row) % 8::8]:
        assert outcome(row, row.data + other.data) == joined(whole(row), whole(other)), other.name


@pytest.mark.parametrize("row", [row for row in USUAL if row.last], ids=lambda row: row.name)
def test_nothing_behind_the_last_is_acted_upon(row):
    assert outcome(row, row.data + b"".join(other.data for other in USUAL)) == whole(row)
