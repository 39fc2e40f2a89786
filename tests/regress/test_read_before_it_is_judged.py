"""Found by a test of what happens during a stall: on asyncio's loop a client was judged before its bytes, which had
come meanwhile, were read. What a poll has found is called behind what was due before it."""

import threading

from tests.support.apps import echo
from tests.support.asking import send
from tests.support.servers import PATIENCE, read_response

PIECE = b"x" * 1000


def test_bytes_that_come_in_during_a_tick_are_read_before_it_judges(serve):
    """Each piece of a body comes within the very tick that ends the wait for it."""
    server = serve(echo, lifespan="off", body_timeout=0.25)  # two ticks
    held, go = threading.Semaphore(0), threading.Semaphore(0)

    def beat():
        server.beats.release()
        held.release()
        assert go.acquire(timeout=PATIENCE)

    with server.connect() as connection:
        try:
            server.call(setattr, server.server, "beat", beat)
            send(connection, "/", f"Content-Length: {5 * len(PIECE)}", method="POST")
            connection.sendall(PIECE)
            for number in range(8):
                assert held.acquire(timeout=PATIENCE)
                if number % 2:
                    connection.sendall(PIECE)
                go.release()
        finally:
            server.server.beat = server.beats.release
            go.release(2)
        answer = read_response(connection)
    assert (answer.status, answer.body) == (200, 5 * PIECE)
