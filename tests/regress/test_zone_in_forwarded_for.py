"""Found in review: behind the % of an IPv6 address in X-Forwarded-For any character passed, and markup got into
scope["client"]; so did ports up to 99999."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.proxy.forwarded import Forwarded
from tests.support.apps import Recorder, hello
from tests.support.wire import get


@pytest.mark.parametrize(("value", "client"), [
    (b"fe80::1%<b>'\"", ("192.0.2.7", 4321)),
    (b"fe80::1%eth0", ("192.0.2.7", 4321)),
    (b"[fe80::1%eth0]:80", ("192.0.2.7", 4321)),
    (b"203.0.113.1, fe80::1%eth0, 198.51.100.9", ("198.51.100.9", 0)),
    (b"198.51.100.9:65535", ("198.51.100.9", 65535)),
    (b"198.51.100.9:65536", ("198.51.100.9", 0)),
    (b"[2001:db9::1]:99999", ("2001:db9::1", 0)),
])
def test_zone_makes_no_address_and_a_large_number_no_port(wire, value, client):
    cfg = GunicornConfig()
    cfg.set("forwarded_allow_ips", "*")
    app = Recorder(hello)
    wire(app, forwarded=Forwarded(cfg).apply).send(get(b"/", b"X-Forwarded-For: " + value))
    assert app.scope["client"] == client
