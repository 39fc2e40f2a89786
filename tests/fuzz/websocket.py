"""WebSocket: however a client's bytes are cut into reads, the same comes of them, and what websockets reads, too.

Input: a byte that says what is agreed, and how long reads are; then what the client sends.
"""

from tests.support.frames import DEFLATE, LIMIT, read, single
from tests.support.peers import compare
from tests.websocket import compressed, rows

SETTINGS = [  # (the client's offer, bytes of a message)
    (None, LIMIT),
    (DEFLATE, LIMIT),
    (compressed.FORGETS, LIMIT),
    (DEFLATE, 100),
]
KINDS = len(SETTINGS)
EITHER = {1007, 1009}  # of what is too long and no UTF-8 as well, the first to be seen counts
MOST = 2000  # bytes


def seeds():
    for row in (*rows.ROWS, *compressed.ROWS):
        if len(row.data) < MOST:
            for kind, (offer, limit) in enumerate(SETTINGS):
                if offer == row.offer or (row.offer is None and limit == row.limit):
                    yield bytes([kind + KINDS * 6]) + row.data  # also in reads of 7


def check(data):
    if not data:
        return
    (offer, limit), size, data = SETTINGS[data[0] % KINDS], data[0] // KINDS + 1, data[1:]
    found, code = read(single(data), limit, offer)
    for reads in ([data], [data[at:at + size] for at in range(0, len(data), size)]):
        others, other_code = read(reads, limit, offer)
        assert other_code == code or {code, other_code} == EITHER, (code, other_code)
        assert others == (found if code is None else found[:len(others)])
    if limit == LIMIT and offer != compressed.FORGETS:
        compare(data, offer, peers=["websockets"])
