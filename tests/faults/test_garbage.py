"""Garbage behind good requests: those are answered, in order, the garbage with a 4xx at most; the end is orderly."""

import asyncio

from tests.faults.connections import Connection, crowd
from tests.stress.visitors import request
from tests.support.client import Answers

AT_ONCE = 50
STATUSES = (400, 408, 414, 417, 431)  # a head that never gets whole is a 408

SAMPLES = [
    b"\x00", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\x00: b\r\n\r\n", b"GET " + b"a" * 100_000,
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-a: b\r\n" * 200, b"GET / HTTP/1.1\r\nHost: a\r\nX-a: " + b"b" * 100_000,
    b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"{}\n" * 1000, b"GET / HTTP/1.1\r\nHost: a\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET / HTTP/1.1",
    b"POST /echo/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz",
]


async def go_wrong(port, number, chance):
    """Good requests, then garbage: a sample, or random bytes."""
    wanted = [request(chance, f"{number}.{count}", small=True) for count in range(chance.choice([1, 2, 20]))]
    answers = Answers(lambda index: wanted[index].method if index < len(wanted) else "GET")
    junk = chance.choice([*SAMPLES, chance.randbytes(chance.choice([10, 1000, 50_000])) + b"\r\n\r\n"])
    async with Connection(port) as connection:
        reading = asyncio.ensure_future(connection.read_to_end())
        await connection.send(b"".join(each.data for each in wanted) + junk)
        answers.feed(await reading).feed(b"")
    for answer, owed in zip(answers, wanted, strict=False):
        assert answer.complete and (answer.status, answer.body) == (owed.status, owed.body)
        assert answer.headers["x-whose"] == owed.whose
    rest = answers[len(wanted):]
    assert len(answers) >= len(wanted) and len(rest) <= 1, (junk[:100], [answer.status for answer in rest])
    assert all(answer.complete and answer.status in STATUSES for answer in rest), junk[:100]


def test_garbage_behind_good_requests(trial, long, chance):
    # A client that stalls between connect and send, as on a busy machine, is no fault of the server's.
    with trial("garbage behind good requests", config="fastsrv_header_timeout = 5") as running:
        running.run(crowd(
            20_000 if long else 1000, lambda number: go_wrong(running.port, number, chance), AT_ONCE), bound=600)
