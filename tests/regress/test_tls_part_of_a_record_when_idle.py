"""Found in review: half a request over TLS was closed upon at the keep-alive limit, and when the worker drained.

A record is nothing to the protocol before its end, and nothing to the kernel once it is read: neither knew of it.
"""

import contextlib

import pytest

from tests.support.answers import statuses
from tests.support.apps import hello
from tests.support.wire import get
from tests.unit.test_tls import Peer


@pytest.fixture
def idle():
    """A client on an idle connection, whose next request is a record in two parts: (it, first, second)."""
    with contextlib.closing(Peer(hello, keepalive=5, header=10)) as it:
        it.say(get())
        it.tls.write(get())
        record = it.outgoing.read()
        yield it, record[:20], record[20:]


def test_request_is_answered_when_its_rest_comes_after_the_keep_alive_limit(idle):
    it, first, second = idle
    it.send(first)
    it.wait(5)
    it.send(second)
    it.listen()
    assert statuses(it.heard) == [200, 200]


def test_request_is_answered_when_its_rest_comes_after_the_drain_has_begun(idle):
    it, first, second = idle
    it.send(first)
    it.context.draining = True
    for _ in range(2):
        for connection in it.clock.connections():
            it.call(connection.shut, 0)
    it.send(second)
    it.listen()
    assert statuses(it.heard) == [200, 200]
    assert it.closed_by_server


def test_part_of_a_record_has_the_time_of_a_head_and_no_more(idle):
    it, first, _ = idle
    it.send(first)
    it.wait(5)
    assert not it.ended
    it.wait(10)
    it.listen()
    assert it.ended and it.closed_by_server and statuses(it.heard) == [200]
