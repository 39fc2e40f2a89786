"""What an app had taken of one body, when its client's end was seen behind it, was compared with what had come of the
next one: the next app was taken for one that takes nothing, and cancelled. Found in review."""

from tests.regress.test_end_behind_unread_bytes import close
from tests.support.puppet import Puppet
from tests.support.wire import post

GRACE = 3  # seconds
LARGE = 200_000  # bytes: more than is read ahead, so reading pauses


def test_app_that_takes_its_body_behind_another_one_is_left_alone(wire):
    app = Puppet()
    first, second = post(b"x" * LARGE), post(b"x" * 20 * LARGE)
    peer = wire(app, grace=GRACE).send(first[:-10]).leave_unread(b"x" * 10)
    close(peer, False)
    peer.tick(1.5)  # the end is seen
    app.receive().result()
    peer.send(first[-10:] + second[:len(second) - 20 * LARGE + LARGE - 10])
    app.receive().result()
    app.begin()
    app.body().result()
    assert len(app.calls) == 2
    for _ in range(3 * GRACE):
        peer.tick(1.25)
        app.receive().result()
        peer.send(b"x" * LARGE)
    assert not app.over.cancelled() and b"HTTP/1.1 500 " not in peer.output
