"""Found in review: an HTTP/1.0 answer that ends with the connection looked whole when its app had failed midway."""

import pytest

from tests.support.apps import hello
from tests.support.wire import get


async def fails_midway(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise RuntimeError("midway")


def test_client_sees_a_reset_and_no_end(serve):
    server = serve(fails_midway)
    with server.connect() as client:
        client.sendall(get(version=b"1.0"))
        data = b""
        with pytest.raises(ConnectionResetError):
            while more := client.recv(65536):
                data += more
    assert data.startswith(b"HTTP/1.1 200 OK\r\n") and data.endswith(b"\r\n\r\nhalf")


@pytest.mark.parametrize("half", [b"half", b"half" * 10_000], ids=["small", "large"])
@pytest.mark.parametrize("before", [0, 1, 3], ids="behind {}".format)
def test_what_was_sent_leaves_before_the_reset(wire, half, before):
    """What was kept back to leave in one write, too."""
    async def app(scope, receive, send):
        if scope["http_version"] == "1.1":
            return await hello(scope, receive, send)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise RuntimeError("midway")

    it = wire(app).send(get() * before + get(version=b"1.0"))
    assert it.closed and it.transport.aborted
    assert it.output.count(b"Hello, world!") == before
    assert it.output.endswith(b"\r\n\r\n" + half)
