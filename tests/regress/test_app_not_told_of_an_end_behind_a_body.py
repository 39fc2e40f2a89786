"""An app whose client had ended its side behind a body that nobody took was cancelled after one grace period, without
having been told, also when it took the body meanwhile. Found in review."""

import pytest

from tests.regress.test_end_behind_unread_bytes import GRACE, LARGE, close
from tests.support.linux import of_linux
from tests.support.puppet import Puppet
from tests.support.wire import post


@pytest.fixture
def app():
    return Puppet()


@pytest.fixture(params=[False, True], ids=["tcp", "unix"])
def peer(request, wire, app):
    """It has sent a part of a body, of which the app has taken none, and its end is seen behind what is not read. The
    first grace period begins."""
    peer = wire(app, unix=request.param, grace=GRACE).send(post(b"x" * 20 * LARGE)[:-19 * LARGE]).leave_unread(b"x")
    close(peer, request.param)
    while not peer.clock.census()["GRACE"]:
        peer.tick()
    return peer


@of_linux
def test_receive_says_so_when_a_grace_period_is_over(peer, app):
    peer.wait(GRACE)
    assert app.receive().result()["body"] == b"x" * LARGE
    assert app.receive().result() == {"type": "http.disconnect"}
    assert not app.over.done()
    peer.wait(GRACE)
    assert app.over.cancelled() or peer.output.startswith(b"HTTP/1.1 500 ")


@of_linux
def test_app_that_takes_some_of_it_in_each_grace_period_is_left_alone(peer, app):
    for _ in range(5):
        peer.tick(GRACE - 0.5)
        assert app.receive().result()["more_body"]
        peer.send(b"x" * LARGE)
    assert not app.over.done()
