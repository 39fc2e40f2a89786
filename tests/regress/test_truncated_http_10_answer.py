"""Found in review: an HTTP/1.0 answer that ends with the connection looked whole when its app had failed midway."""

import pytest

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
    assert data == b"" or data.endswith(b"half")
