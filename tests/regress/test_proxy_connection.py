"""Origin: a review of what the parser calls persistence. It reads Proxy-Connection, which no standard knows, as it
reads Connection; an HTTP/1.0 request that had it was taken for 1.1, and HTTP/2.0 was let in."""

import pytest

from tests.support.answers import answering, statuses, take_apart
from tests.support.apps import Recorder
from tests.support.wire import get

FIELD = b"Proxy-Connection: keep-alive"


def test_http_1_0_stays_http_1_0(wire):
    app = Recorder(answering(200, [], b"in ", b"parts"))
    it = wire(app).send(get(b"/", FIELD, version=b"1.0"))
    assert app.scope["http_version"] == "1.0"
    assert take_apart(it.output).values(b"transfer-encoding") == []
    assert take_apart(it.output).body == b"in parts"
    assert it.ended


def test_http_1_0_needs_no_host(wire):
    it = wire(answering()).send(b"GET / HTTP/1.0\r\n" + FIELD + b"\r\n\r\n")
    assert statuses(it.output) == [200]


@pytest.mark.parametrize("version", [b"2.0", b"0.9"])
def test_unknown_version_stays_refused(wire, version):
    it = wire(answering()).send(get(b"/", FIELD, version=version))
    assert statuses(it.output) == [400]
