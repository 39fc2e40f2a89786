"""A client that read 2,000 bytes a second, eight times fastsrv_min_rate, was reset after a minute: a TCP window opens
in steps, of 95 KB here, so that a whole send_timeout may pass between two of them. Found in review.

The rate is an average since the lag began; how long somebody may read nothing has a bound all the same.
"""

from tests.support.linux import of_linux
from tests.support.puppet import Puppet
from tests.support.wire import get

STEP = 6000  # bytes that the peer's kernel makes room for at once
SEND, RATE = 10, 100  # seconds, bytes a second


def lagging(wire, size=60_000):
    app = Puppet()
    peer = wire(app, send=SEND, min_rate=RATE)
    peer.transport.room = 0
    peer.send(get())
    app.begin()
    app.body(b"x" * size, more=True)
    return app, peer


def test_reader_whose_window_opens_in_steps_is_waited_for(wire):
    _, peer = lagging(wire)
    while peer.transport.buffer:
        peer.read(STEP)
        for _ in range(3):  # a fifth of it a send_timeout would do
            peer.wait(SEND)
            assert not peer.closed


def test_reader_of_one_lag_after_another_is_waited_for(wire):
    """Each send() begins a lag of its own, which may be shorter than a step."""
    app, peer = lagging(wire, STEP)
    for _ in range(10):
        peer.tick(2)
        peer.read()
        app.body(b"x" * STEP, more=True)
        for _ in range(2):
            peer.wait(SEND)
            assert not peer.closed


def test_slow_end_of_one_lag_is_forgotten_in_the_next(wire):
    app, peer = lagging(wire, 50)
    peer.tick(SEND - 1)
    peer.read()
    app.body(b"x" * STEP, more=True)
    peer.read(RATE * SEND + 200)
    peer.wait(SEND)
    assert not peer.closed


def test_who_reads_too_slowly_on_average_is_reset(wire):
    _, peer = lagging(wire)
    for _ in range(4):
        peer.read(RATE * SEND // 2)
        peer.wait(SEND)
    assert peer.closed and not peer.ended


def test_who_has_read_fast_may_not_stop_for_ever(wire):
    _, peer = lagging(wire, 1_000_000)
    peer.read(900_000)
    for _ in range(5):
        assert not peer.closed
        peer.wait(SEND)
    assert peer.closed and not peer.ended


@of_linux
def test_what_our_kernel_has_got_rid_of_counts(wire):
    """The transport hears of room only when a third of the kernel's buffer is free."""
    app = Puppet()
    peer = wire(app, send=SEND, min_rate=RATE)
    for _ in range(20):
        peer.transport.extra["socket"].send(b"x" * STEP)  # the kernel has taken it
    peer.transport.room = 0
    peer.send(get())
    app.begin()
    app.body(b"x" * STEP, more=True)
    for _ in range(10):
        peer.transport.peer.recv(STEP)
        peer.wait(SEND)
        assert not peer.closed
    peer.wait(5 * SEND)
    assert peer.closed and not peer.ended
