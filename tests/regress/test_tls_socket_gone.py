"""Found in review: a TLS connection that was lost in the turn of the loop in which it expired ended the heartbeat.

asyncio's and uvloop's TLS transports, which were used then, let go of the socket one turn before they call
connection_lost.
"""

from tests.support.apps import hello
from tests.support.wire import TICK, get


def test_connection_expires_between_its_loss_and_our_word_of_it(wire):
    peer = wire(hello, keepalive=5)
    peer.send(get())

    def expire():
        peer.transport.extra["socket"].close()
        peer.transport.extra["socket"] = None
        peer.transport.lose(None)
        for _ in range(int(10 / TICK)):
            peer.clock.advance()
        peer.clock.judge()

    sock = peer.transport.extra["socket"]
    peer.call(expire)
    peer.transport.extra["socket"] = sock
    assert peer.closed and not any(peer.clock.census().values())
