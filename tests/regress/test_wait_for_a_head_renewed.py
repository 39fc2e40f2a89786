"""A client of TLS could have fastsrv_header_timeout begin anew for as long as it liked: by new keys that it had us
answer without reading, then reading; or by records without data, of which some were always on their way. Found in
review.

The plain transport stands for the TLS layer: it is written to without anybody knowing.
"""

import pytest

from tests.support.answers import statuses
from tests.support.apps import hello
from tests.support.wire import get

HEADER, KEEPALIVE = 10, 5  # seconds
OWN = b"<key>"  # what the layer says


def lag_and_catch_up(peer):
    peer.transport.room = 0
    peer.call(peer.transport.write, OWN)
    assert peer.transport.paused
    peer.tick(1)
    peer.transport.room = None
    peer.read()
    peer.tick(1)


@pytest.mark.parametrize("before", [b"", get()])
def test_lag_of_the_layers_own_bytes_does_not_extend_a_head(wire, before):
    peer = wire(hello, header=HEADER).send(before + b"GET / HTTP/1.1\r\n")
    for _ in range(HEADER // 2):
        assert 408 not in statuses(peer.output.replace(OWN, b""))
        lag_and_catch_up(peer)
    peer.wait(0)
    assert statuses(peer.output.replace(OWN, b""))[-1] == 408 and peer.ended


def test_nor_the_wait_for_a_first_request(wire):
    peer = wire(hello, header=HEADER)
    for _ in range(HEADER // 2):
        assert not peer.ended
        lag_and_catch_up(peer)
    peer.wait(0)
    assert peer.ended


def test_nor_keepalive(wire):
    peer = wire(hello, keepalive=KEEPALIVE).send(get())
    for _ in range(KEEPALIVE // 2):
        assert not peer.ended
        lag_and_catch_up(peer)
    peer.wait(1)
    assert peer.ended


@pytest.mark.parametrize("request_bytes", [get(), b"\x00"], ids=["answer", "refusal"])
def test_answer_behind_the_layers_own_bytes_is_waited_for(wire, request_bytes):
    peer = wire(hello, keepalive=1, drain=1, close=1, send=10)
    peer.transport.room = 0
    peer.call(peer.transport.write, OWN)
    peer.send(request_bytes)
    peer.wait(8)
    assert not peer.closed
    peer.read()
    assert peer.output.startswith(OWN + b"HTTP/1.1 ") and not peer.transport.aborted


def test_bytes_that_are_always_on_their_way_extend_the_wait_once(wire):
    peer = wire(hello, header=HEADER).leave_unread(b"<record>")
    peer.tick(HEADER)
    assert not peer.ended
    peer.wait(2)
    assert peer.ended and peer.output == b""


def test_request_that_was_on_its_way_at_the_limit_is_answered(wire):
    peer = wire(hello, header=HEADER).leave_unread(b"G")
    peer.tick(HEADER)
    peer.tick(0.5)
    peer.send(get())
    assert statuses(peer.output) == [200] and not peer.ended
