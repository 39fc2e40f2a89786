"""Found by a test of what one request leaves to the next: behind an upload that was answered early, and read to its
end, the close that a later request asked for was taken for one behind unread bytes. The connection was half-closed, and
reset when the client did not end its side, too."""

import pytest

from tests.support.apps import hello
from tests.support.wire import get, post


@pytest.mark.parametrize("last", [get(b"/", b"Connection: close"), get(version=b"1.0")], ids=["close", "HTTP/1.0"])
@pytest.mark.parametrize("rest", [1, 5000])
def test_connection_is_closed_at_once(wire, last, rest):
    it = wire(hello)
    upload = post(b"x" * rest)
    it.send(upload[:-rest], upload[-rest:], get())
    assert not it.ended
    it.send(last)
    assert it.output.count(b"Hello, world!") == 3
    assert it.closed and it.ended
