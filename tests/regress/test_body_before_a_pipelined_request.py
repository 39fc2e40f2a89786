"""Origin: a large upload was answered, and then 431 sent on the same connection.

The bytes of a body were counted as those of the head behind it when both came in one read.
"""

import pytest

from tests.support.apps import echo
from tests.support.wire import HOST, get, post


def chunked(body):
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize("message", [post, chunked])
@pytest.mark.parametrize("following", [b"", get(), get()[:20], post(b"a"), chunked(b"a")],
                         ids=["nothing", "get", "part of a head", "post", "chunked"])
@pytest.mark.parametrize("size", [60_000, 100_000, 300_000])
def test_large_body_is_no_part_of_the_next_head(wire, message, following, size):
    whole = message(b"y" * size)
    middle = len(whole) - size // 2
    for pieces in [whole + following], [whole, following], [whole[:middle], whole[middle:] + following]:
        peer = wire(echo).send(*filter(None, pieces))
        assert peer.output.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b" 431 " not in peer.output and not peer.ended
        assert peer.send(get()[20:] if following == get()[:20] else get()).take().endswith(b"\r\n\r\n")
        assert not peer.ended


def test_many_requests_on_one_connection_add_up_to_nothing(wire):
    peer = wire(echo)
    message = get(b"/", b"X-Long: " + b"x" * 4000) + post(b"y" * 1000) + chunked(b"z" * 1000)
    for _ in range(30):
        peer.send(message)
        assert peer.take().count(b"HTTP/1.1 200 OK\r\n") == 3
    assert not peer.ended
