"""Found in review: slow readers that were taken for lost ones.

The bytes of a large body behind answers that were kept back for one write were missing from the count of what a
lagging peer has to read; and a refusal put the answers before it under the drain and close timeouts.
"""

from tests.support.wire import get

LARGE = b"x" * 100_000


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": LARGE if scope["path"] == "/large" else b"small"})


def read_slowly(peer, total):
    while len(peer.output) < total:
        peer.wait(5).read(5000)
        assert not peer.transport.aborted
    peer.read()


def test_large_answer_behind_small_ones_is_read_slowly(wire):
    peer = wire(app, send=10, min_rate=100)
    peer.transport.room = 0
    peer.send(get(b"/1") + get(b"/large"))
    read_slowly(peer, len(LARGE))
    assert peer.output.endswith(LARGE) and not peer.ended


def test_answers_before_a_refusal_are_read_slowly(wire):
    peer = wire(app, send=10, drain=5, close=5, min_rate=100)
    peer.transport.room = 0
    peer.send(get(b"/1") * 300 + b"\x00")
    for _ in range(20):  # Python 3.10 and 3.11 take turns of the loop for each app
        peer.call(lambda: None)
    total = len(peer.transport.buffer)
    read_slowly(peer, total)
    assert peer.output.count(b"HTTP/1.1 200 OK\r\n") == 300
    assert peer.output.count(b"HTTP/1.1 400 Bad Request\r\n") == 1 and peer.ended
