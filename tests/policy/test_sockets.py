"""Every row of the request policy over real sockets: whole and byte by byte, read with and without the scan of heads.

One server for all rows with the same settings, a connection for each of them, all at once.
"""

import re
from types import SimpleNamespace

import pytest

from tests.policy.row import get
from tests.policy.rows import ROWS, USUAL
from tests.policy.settings import for_server
from tests.support.apps import read_body
from tests.support.client import Answers
from tests.support.servers import read_to_end

SETTINGS = sorted({row.under for row in ROWS}, key=repr)
REFUSED = [row for row in USUAL if row.statuses[-1] != 200]
NEXT = get(target=b"/next")
FLOOD = b"x" * 1000 * 1000  # less than is read and thrown away
OF_NEXT = ("GET", b"/next", b"")
both_ways = pytest.mark.parametrize("scan", [True, False], ids=["scan", "parser"])
each_setting = pytest.mark.parametrize(
    "under", SETTINGS, ids=lambda under: "-".join(re.sub(r"\W", "", str(value)) for pair in under for value in pair))


class Visit:
    """A connection for a row. expected: what the app must see whole; seen: what it has seen."""

    def __init__(self, row, server, behind):
        self.row, self.seen = row, []
        self.expected = list(row.seen) + ([] if row.last else [OF_NEXT])
        self.data = row.data + behind
        self.socket = server.connect()
        self.port = self.socket.getsockname()[1]

    def check(self):
        """Read the answers; after a last one our end, which a reset would not be."""
        row = self.row
        wanted = list(row.statuses) + ([] if row.last else [200])
        answers = Answers(lambda index: self.expected[index][0] if index < len(self.expected) else "GET")
        with self.socket:
            if row.last:
                answers.feed(read_to_end(self.socket))
            else:
                while len(answers) < len(wanted) or not answers[-1].complete:
                    data = self.socket.recv(65536)
                    assert data, f"{row.name}: the connection ended"
                    answers.feed(data)
        assert [answer.status for answer in answers] == wanted, row.name
        assert all(answer.complete for answer in answers), row.name
        assert self.seen == self.expected, row.name


@pytest.fixture
def visit(serve):
    """visit(under, scan, behind, rows) -> a Visit for each row with these settings."""
    def start(under, scan, behind=NEXT, rows=ROWS):
        visits = {}

        async def app(scope, receive, send):
            body = await read_body(receive)
            if body is None:
                return
            target = scope["raw_path"] + b"?" * bool(scope["query_string"]) + scope["query_string"]
            visits[scope["client"][1]].seen.append((scope["method"], target, body))
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})

        # Long limits: all rows are sent byte by byte, which takes its time on a busy machine.
        server = serve(app, scan_heads=scan, websocket=False, keepalive=60, header_timeout=60, drain_timeout=60,
                       close_timeout=60, **for_server(under))
        for row in rows:
            if row.under == under:
                new = Visit(row, server, behind)
                visits[new.port] = new
        return SimpleNamespace(server=server, visits=list(visits.values()))

    return start


@both_ways
@each_setting
def test_whole(visit, under, scan):
    """What follows in the same read is served, or not acted upon."""
    party = visit(under, scan)
    for each in party.visits:
        each.socket.sendall(each.data)
    for each in party.visits:
        each.check()


@both_ways
@each_setting
def test_byte_by_byte(visit, under, scan):
    """The server reads each byte before the next one is sent; the beginning of a long row comes at once. Nothing more
    comes from who has said that it was the last: we close at once."""
    party = visit(under, scan)
    for each in party.visits:
        if each.row.last and each.row.statuses[-1] == 200:
            each.data = each.row.data
        if len(each.data) > 1000:
            each.socket.sendall(each.data[:-100])
            each.data = each.data[-100:]
    for at in range(max(len(each.data) for each in party.visits)):
        for each in party.visits:
            each.socket.sendall(each.data[at:at + 1])
        for _ in range(2):  # a turn of its loop may have begun before the last byte was sent
            party.server.call(lambda: None)
    for each in party.visits:
        each.check()


@both_ways
def test_answer_arrives_although_the_client_goes_on_sending(visit, scan):
    """A refusal is no reset, which would destroy it."""
    party = visit((), scan, b"", REFUSED)
    for each in party.visits:
        each.socket.sendall(each.data)
    for each in party.visits:
        each.socket.sendall(FLOOD[:200 * 1000])
    for each in party.visits:
        each.check()


@both_ways
def test_answer_arrives_behind_as_much_as_is_drained(visit, scan):
    for each in visit((), scan, b"", REFUSED[::20]).visits:
        each.socket.sendall(each.data)
        each.socket.sendall(FLOOD)
        each.check()
