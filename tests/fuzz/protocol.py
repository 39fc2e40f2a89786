"""The whole protocol: reads, time, the peer and the app in any order; and the same bytes at once must mean the same.

Input: what a peer sends. 0xFF ends a read, and the byte behind it is an order (EVENTS, APP; any other is none).
"""

from tests.fuzz.play import PATIENCE, Play, Request
from tests.policy.row import CHUNKED, get, post
from tests.policy.rows import SHORT

LARGE = b"x" * 20_000  # more than is copied

EVENTS = {
    b"t": Play.tick,
    b"w": lambda play: play.tick(PATIENCE + 3),
    b"e": Play.peer_ends,
    b"x": Play.peer_resets,
    b"k": Play.peer_stops_reading,
    b"K": Play.peer_reads,
    b"d": Play.worker_drains,
}
APP = {  # with the last request
    b"r": Request.receive,
    b"g": Request.stop_receiving,
    b"b": Request.begin,
    b"l": lambda request: request.begin(length=6),
    b"m": lambda request: request.write(b"abc"),
    b"M": lambda request: request.write(LARGE),
    b"f": lambda request: request.write(b"", more=False),
    b"a": Request.answer,
    b"q": Request.end,
    b"z": lambda request: request.end(ValueError("told to")),
}
CALM = b"trg"  # these change nothing of what is read, nor time while it is short


def seeds():
    for row in SHORT:
        yield row.data + get()
        yield row.data[:40] + b"\xfft" + row.data[40:] + b"\xffr" + get()
    length, chunks = post(b"Content-Length: 6", body=b"abc"), post(CHUNKED, body=b"3\r\nabc\r\n")
    for request in (get(), get() * 3, length, length + b"def" + get(), chunks, chunks + b"0\r\n\r\n" + get()):
        for orders in (
            "a", "bmf", "lmmf", "bMkMMKf", "bkMw", "kbMtttKMf", "z", "bz", "bmq", "q", "raa", "rrgra", "rrwa", "wa",
            "waw", "rrea", "rrewa", "ea", "bex", "rx", "da", "bda", "aad", "bmea", "ada", "kaKa", "lfm", "ff", "bb",
        ):
            yield request + b"".join(b"\xff" + order.encode() for order in orders)
        yield request + b"\xffr" + b"de\xffr" + b"f\xffra" + get()
        yield request + b"\xffrbm" + b"\x00\xffa"


def perform(events, scan):
    """events: (order, bytes that the peer sends then)."""
    play = Play(scan)
    try:
        for order, data in events:
            if order in EVENTS:
                EVENTS[order](play)
            elif order in APP and play.requests:
                APP[order](play.requests[-1])
            play.peer_sends(data)
            play.check()
        play.finish()
    finally:
        play.wire.close()
    return play


def check(data):
    first, *others = data.split(b"\xff")
    events = [(b"", first), *((piece[:1], piece[1:]) for piece in others)]
    orders = b"".join(order for order, _ in events if order in EVENTS or order in APP)
    play = perform(events, scan=True)
    whole = perform([(b"", play.said)], scan=False)

    for request, other in zip(play.requests, whole.requests, strict=False):
        assert request.call.scope == other.call.scope
        assert request.body == other.body if request.whole else other.body.startswith(request.body)
        assert other.whole or not request.whole
    # Of a request whose body is broken the app knows only if its head came in an earlier read.
    more = len(play.requests) - len(whole.requests)
    assert more <= 0 or (more == 1 and whole.refused)
    assert not whole.unanswered()

    ticks = orders.count(b"t") + PATIENCE * orders.count(b"w")
    if ticks < PATIENCE and not orders.strip(CALM):
        assert more >= 0
        assert [answer.status // 100 for answer in play.answers] == [answer.status // 100 for answer in whole.answers]
    if play.refused and not whole.refused:
        seen = len(play.answers) <= len(play.requests)
        assert (play.kept_waiting if seen else ticks) >= PATIENCE, "refused without a reason"
    if not play.peer_reset and play.kept_waiting < PATIENCE:
        for request in play.unanswered():
            assert request.failed or (whole.refused and request is play.requests[-1]), "closed without an answer"
