"""A proxy that passes on bytes and does not know its client says UNKNOWN, or a UNIX socket: the connection's own
addresses held, the proxy's, and so the fields that the client had written itself were believed."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.log.identity import identify_by
from fastsrv.proxy.forwarded import Forwarded
from fastsrv.proxy.layer import PrefaceLayer
from fastsrv.proxy.peers import Peers
from tests.support.apps import Recorder, hello
from tests.support.wire import get
from tests.unit.test_preface import UNIX, v2

FORGED = (b"X-Forwarded-For: 203.0.113.6", b"X-Forwarded-Proto: https", b"X-Request-ID: forged")


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize("preface", [b"PROXY UNKNOWN\r\n", v2(0x21, 0), v2(0x21, 0x31, UNIX)])
def test_nothing_is_believed_of_it(wire, preface, unix):
    app = Recorder(hello)
    forwarded = Forwarded(GunicornConfig())
    forwarded.trusted = Peers(["192.0.2.7"])  # the wire's peer
    it = wire(app, layer=lambda http: PrefaceLayer(http, http, "auto", Peers(["192.0.2.7"])), unix=unix,
              forwarded=forwarded.apply, identify=identify_by("log", forwarded.trusts_peer))
    it.send(preface + get(b"/", *FORGED))
    assert (app.scope["client"], app.scope["scheme"]) == (("unknown", 0), "http")
    assert app.scope["extensions"]["fastsrv.request"]["request_id"] != "forged"


def test_it_is_believed_as_everybody_is(wire):
    app = Recorder(hello)
    it = wire(app, layer=lambda http: PrefaceLayer(http, http, "auto", Peers(["*"])),
              forwarded=Forwarded(config_with(forwarded_allow_ips="*")).apply)
    it.send(b"PROXY UNKNOWN\r\n" + get(b"/", *FORGED))
    assert (app.scope["client"], app.scope["scheme"]) == (("203.0.113.6", 0), "https")


def config_with(**settings):
    config = GunicornConfig()
    for name, value in settings.items():
        config.set(name, value)
    return config
