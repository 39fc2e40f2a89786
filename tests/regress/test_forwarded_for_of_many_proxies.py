"""Found in review: an X-Forwarded-For of very many addresses was walked to its beginning, each parsed twice: one
head of 64 KiB kept the worker busy for 80 ms."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.proxy.forwarded import MAX_HOPS, Forwarded
from tests.support.apps import Recorder, hello
from tests.support.wire import get

PROXIES = [b"10.0.0.%d" % number for number in range(1, MAX_HOPS + 1)]


def client_of(wire, *values, believed="192.0.2.7,10.0.0.0/8"):
    """scope["client"] of a request with these X-Forwarded-For."""
    cfg = GunicornConfig()
    cfg.set("forwarded_allow_ips", believed)
    app = Recorder(hello)
    wire(app, forwarded=Forwarded(cfg).apply).send(get(b"/", *(b"X-Forwarded-For: " + value for value in values)))
    return app.scope["client"]


def test_client_behind_as_many_proxies_as_there_may_be(wire):
    assert client_of(wire, b", ".join([b"203.0.113.1", b"198.51.100.9:5555", *PROXIES[1:]])) == ("198.51.100.9", 5555)


@pytest.mark.parametrize("believed", ["192.0.2.7,10.0.0.0/8", "*"])
def test_hop_beyond_the_last_is_not_believed(wire, believed):
    assert client_of(wire, b", ".join([b"198.51.100.9", *PROXIES]), believed=believed) == ("10.0.0.1", 0)


def test_hops_are_counted_over_all_fields(wire):
    half = MAX_HOPS // 2
    first, second = b", ".join([b"198.51.100.9", *PROXIES[:half]]), b",".join(PROXIES[half:])
    assert client_of(wire, first, second) == ("10.0.0.1", 0)
    assert client_of(wire, first, second.partition(b",")[2]) == ("198.51.100.9", 0)
