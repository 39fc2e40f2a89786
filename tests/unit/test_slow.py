"""fastsrv/log/slow.py: one line of the error log for a request that takes long, with where the time went."""

import re
from time import monotonic

import pytest

from fastsrv.log.slow import SlowRequests
from fastsrv_ext.websocket.handshake import Upgrade
from tests.support.apps import hello
from tests.support.puppet import Puppet
from tests.support.wire import get, post
from tests.websocket.client import ASKS

LINE = re.compile(
    r"Slow: (?P<what>.+) took (?P<took>\d+\.\d{3}) s, (?:(?P<first>\d+\.\d{3}) s until the answer began|no answer had "
    r"begun), (?P<waited>\d+\.\d{3}) s of waiting for the client\. Status (?P<status>\d+), (?P<received>\d+) bytes "
    r"received, (?P<sent>\d+) sent, (?P<host>.+)")
ALWAYS, NEVER = 1e-9, 1e9  # seconds
BODY_TICKS = 4  # of the clock, 250 ms each
SHORT = 0.005  # seconds
ROUNDED = 0.001  # seconds: the line's unit


def spend(seconds):
    began = monotonic()
    while monotonic() - began < seconds:
        pass


@pytest.fixture
def slow(wire):
    """slow(app, limit, **settings) -> a Wire; `lines` are what is logged, as matches, `kinds` and `sizes` of them."""
    def connect(app, limit=ALWAYS, then=None, **settings):
        lines, kinds, sizes = [], [], []

        def warn(kind, message, *args, size=0.0):
            lines.append(LINE.fullmatch(message % args))
            kinds.append(kind)
            sizes.append(size)

        it = wire(app, finished=SlowRequests(limit, warn, then).tell, **settings)
        it.lines, it.kinds, it.sizes = lines, kinds, sizes
        return it

    return connect


def test_line_says_where_the_time_went(slow):
    app = Puppet()
    it = slow(app).send(post(b"12345", path=b"/a?b"))
    app.begin(status=201)
    app.body(b"a", more=True)
    spend(SHORT)  # so that the two times differ, whatever the machine
    app.body(b"bc")
    (line,) = it.lines
    assert line.group("what", "status", "received", "sent", "host") == ("POST /a?b", "201", "5", "3", "192.0.2.7")
    assert float(line["first"]) < float(line["took"]) == pytest.approx(it.sizes[0], abs=1e-3)
    assert (line["waited"], it.kinds) == ("0.000", ["slow_request"])


def test_quicker_one_has_none(slow):
    assert slow(hello, NEVER).send(get()).lines == []


def test_others_hear_of_each(slow):
    for limit in ALWAYS, NEVER:
        heard = []
        slow(hello, limit, heard.append).send(get())
        assert [call.status for call in heard] == [200]


def test_time_that_waited_for_the_body(slow):
    app = Puppet()
    request = post(b"12345")
    it = slow(app).send(request[:-1])
    app.receive().result()
    waiting = app.receive()
    it.tick(BODY_TICKS / 4)
    assert not waiting.done()
    it.send(request[-1:])
    app.begin()
    spend(SHORT)
    app.body(b"")
    assert SHORT <= float(it.lines[0]["waited"]) == float(it.lines[0]["took"])  # the clock has gone faster than time


@pytest.mark.parametrize("leave", ["end", "reset"])
def test_time_that_waited_for_a_body_whose_client_went(slow, leave):
    app = Puppet()
    it = slow(app).send(post(b"12345")[:-1])
    app.receive().result()
    app.receive()
    it.tick(BODY_TICKS / 4)
    spend(SHORT)
    getattr(it, leave)()
    app.over.set_result(None)
    it.wait(0)
    assert float(it.lines[0]["waited"]) >= SHORT


def send_to_one_that_lags(slow, count=1):
    """The app, the Wire, and the tasks of so many send() that wait for it."""
    app = Puppet()
    it = slow(app).send(get())
    it.transport.room = 10
    app.begin()
    return app, it, [app.body(b"x" * 1000, more=True) for _ in range(count)]


def test_time_that_waited_for_a_reader(slow):
    app, it, (sending,) = send_to_one_that_lags(slow)
    spend(SHORT)
    assert not sending.done()
    it.read()
    assert sending.done()
    it.transport.room = None
    app.body(b"x")
    line = it.lines[0]
    assert SHORT <= float(line["waited"]) <= float(line["took"])


def test_time_that_several_tasks_waited_counts_once(slow):
    app, it, sending = send_to_one_that_lags(slow, 3)
    began = monotonic()
    spend(SHORT)
    it.read()
    it.read()
    assert all(task.done() for task in sending)
    it.transport.room = None
    waited = monotonic() - began
    spend(3 * waited + ROUNDED)
    app.body(b"x")
    assert SHORT <= float(it.lines[0]["waited"]) <= float(it.lines[0]["took"]) - 3 * waited


def test_time_of_a_wait_that_is_cancelled_counts(slow):
    app, it, (sending,) = send_to_one_that_lags(slow)
    spend(SHORT)
    sending.cancel()
    it.wait(0)
    assert sending.cancelled()
    it.transport.room = None
    it.read()
    app.body(b"x")
    assert float(it.lines[0]["waited"]) >= SHORT


def test_request_that_ends_without_an_answer(slow):
    app = Puppet()
    it = slow(app).send(get()).reset()
    app.over.set_result(None)
    it.wait(0)
    assert [(line["first"], line["status"]) for line in it.lines] == [(None, "499")]


def test_peer_of_a_unix_socket(slow):
    assert slow(hello, unix=True).send(get()).lines[0]["host"] == "a local socket"


def test_websocket_has_none(slow):
    app = Puppet()
    heard = []
    it = slow(app, then=heard.append, upgrades={b"websocket": Upgrade(max_message_size=1000, deflate=False)})
    it.send(get(b"/", *ASKS))
    app.send({"type": "websocket.close"}).result()
    assert (len(heard), it.lines) == (1, [])
