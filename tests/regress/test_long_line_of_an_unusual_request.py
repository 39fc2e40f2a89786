"""Found by a review: under permit_unconventional_http_method a request line of more than 16 KiB reached the parser in
part, which then took the next field for the rest of it."""

import pytest

from tests.support.apps import Recorder
from tests.support.wire import HOST

LONG = 1 << 40


@pytest.mark.parametrize("size", [100, 16_384, 20_000, 40_000])
@pytest.mark.parametrize("field", [b"X-Field: HTTP/1.1", b"X-Field: HTTP/1.0", b"X-Field:/ HTTP/1.1"])
@pytest.mark.parametrize("method", [b"GET", b"frob"])
def test_no_field_is_lost(wire, method, field, size):
    app = Recorder()
    target = b"/" + b"a" * size
    it = wire(app, any_method=True, request_line=LONG, request_head=LONG)
    it.send(method + b" " + target + b" HTTP/1.1\r\n" + field + b"\r\n" + HOST + b"\r\n")
    assert it.output.startswith(b"HTTP/1.1 200 ")
    assert app.scope["raw_path"] == target
    assert [name for name, _ in app.scope["headers"]] == [b"x-field", b"host"]


def test_framing_is_not_lost(wire):
    it = wire(Recorder(), any_method=True, request_line=LONG, request_head=LONG)
    it.send(b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nTransfer-Encoding: HTTP/1.1\r\n" + HOST + b"\r\n")
    assert it.output.startswith(b"HTTP/1.1 400 ")
