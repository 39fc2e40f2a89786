"""Found by the differential test: an HTTP/1.0 request that said both close and keep-alive was taken to persist, and
what followed it was served. RFC 9112, 9.3: close counts first. The parser looks for keep-alive alone there."""

import pytest

from tests.support.answers import answering, take_apart
from tests.support.apps import Recorder
from tests.support.wire import get


@pytest.mark.parametrize("fields", [
    [b"Connection: keep-alive, close"],
    [b"Connection: close, keep-alive"],
    [b"Connection: keep-alive", b"Connection: Close"],
    [b"Connection: x ,\tclose", b"Connection: keep-alive"],
    [b"Proxy-Connection: close", b"Connection: keep-alive"],
])
def test_close_counts_before_keep_alive(wire, fields):
    app = Recorder(answering())
    it = wire(app).send(get(b"/", *fields, version=b"1.0") + get(b"/behind"))
    assert app.scope["path"] == "/"
    assert take_apart(it.output).values(b"connection") == [b"close"]
    assert it.ended


@pytest.mark.parametrize("option", [b"keep-alive, closed", b"keep-alive, x-close", b"keep-alive, close x"])
def test_other_options_close_nothing(wire, option):
    it = wire(answering()).send(get(b"/", b"Connection: " + option, version=b"1.0"))
    assert not it.ended
