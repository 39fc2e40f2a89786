"""Origin: on CPython 3.12's and 3.13's asyncio, transport.writelines() never calls pause_writing().

Pieces too large to be copied were written with it: a stream was held in memory whole when its client did not read.
"""

from tests.support.wire import get

PIECE = bytes(256 * 1024)
PIECES = 400  # 100 MiB, far more than the kernel's buffers take


def test_large_pieces_wait_for_a_client_that_does_not_read(serve):
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        for number in range(PIECES):
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            sent.append(number)
        await send({"type": "http.response.body"})

    server = serve(app)
    with server.connect() as connection:
        connection.sendall(get())
        server.until(lambda: server.server.clock.census()["SEND"] == 1)
        assert len(sent) < PIECES


def test_large_answer_to_a_slow_reader_is_waited_for_beyond_keepalive(serve):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": PIECE * PIECES})

    server = serve(app, keepalive=0.25, close_timeout=0.25)
    with server.connect() as connection:
        connection.sendall(get(b"/", b"Connection: close"))
        server.until(lambda: server.server.clock.census()["SEND"] == 1)
        # The clock waits for the peer to read, not for its next request.
        for _ in range(6):
            assert server.beats.acquire(timeout=30)
        received = 0
        while data := connection.recv(1 << 20):
            received += len(data)
    assert received > len(PIECE) * PIECES
