"""Whoever waited for a turn because another's app had used up the last one counted as one who shares the next: beside
16 clients of such an app a burst of small requests, or of a WebSocket's messages, had a sixteenth of a millisecond a
round, and took ten times as long. Found by an attack."""

import sys
import time

import pytest

from tests.support.apps import hello
from tests.support.wire import HTTP1, Transport, get

BUDGET = 0.05  # seconds: of which a small request takes less than a thousandth
CLIENTS = 8
ROUNDS = 8
BURST = 3000


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a task's first step is the loop's to call, not ours")
def test_burst_has_a_whole_turn_between_those_of_others(wire):
    computed = burst = 0
    before = None  # the burst's last answer

    async def app(scope, receive, send):
        nonlocal computed, burst, before
        if scope["path"] == "/compute":
            computed += 1
            time.sleep(BUDGET)  # as one that computes
        else:
            burst += 1
            before = computed
        await hello(scope, receive, send)

    first = wire(app, budget=BUDGET)
    transports = [first.transport]
    for _ in range(CLIENTS):
        protocol = HTTP1(first.context)
        transports.append(Transport(first.loop, protocol))
        first.call(protocol.connection_made, transports[-1])

    def come():
        for transport in transports[1:]:
            transport.receive(get(b"/compute") * ROUNDS)
        transports[0].receive(get() * BURST)

    first.call(come)
    assert computed == CLIENTS * ROUNDS and burst == BURST
    assert before <= 4 * CLIENTS
    for transport in transports[1:]:
        first.call(transport.abort)
        transport.peer.close()
        transport.extra["socket"].close()
