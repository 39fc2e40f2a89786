"""The PROXY protocol before the first request (fastsrv/proxy/layer.py). The wire's peer is 192.0.2.7:4321, its server
192.0.2.1:80. Its bytes: tests/unit/test_preface.py; with haproxy: tests/proxies/test_proxy_protocol.py."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.proxy.forwarded import Forwarded
from fastsrv.proxy.layer import PrefaceLayer
from fastsrv.proxy.peers import Peers
from fastsrv.proxy.preface import UNKNOWN
from tests.support.answers import statuses
from tests.support.apps import Recorder, hello
from tests.support.puppet import Puppet
from tests.support.wire import get
from tests.unit.test_preface import SSL, TCP4, TCP6, UNIX, V4, V6, v2

HEADER = 10  # seconds
LINE = b"PROXY TCP4 192.0.2.9 198.51.100.1 5555 443\r\n"
PEER, SERVER = ("192.0.2.7", 4321), ("192.0.2.1", 80)


@pytest.fixture
def connect(wire):
    """connect(app, versions=, proxies=, **of the wire) -> a Wire whose peer may have to say a preface. `warnings`: what
    was logged of it."""
    def ask(app, versions="auto", proxies=("192.0.2.7",), **settings):
        warnings = []
        it = wire(app, header=HEADER, warn=lambda kind, message, *args: warnings.append((kind, message % args)),
                  layer=lambda http: PrefaceLayer(http, http, versions, Peers(proxies)), **settings)
        it.warnings = warnings
        return it

    return ask


def refused(it):
    return it.context.counters.snapshot()["refused"]


PREFACES = pytest.mark.parametrize(("preface", "told"), [
    (LINE, V4), (v2(0x21, 0x11, TCP4 + b"\x04\0\1x"), V4), (v2(0x21, 0x21, TCP6), V6),
    (v2(0x21, 0x31, UNIX), (UNKNOWN, ("/run/proxy", None))),
    (b"PROXY UNKNOWN\r\n", (UNKNOWN, SERVER)), (v2(0x20, 0), (PEER, SERVER)), (v2(0x21, 0), (UNKNOWN, SERVER)),
])


@PREFACES
@pytest.mark.parametrize("how", ["in one", "apart", "byte by byte"])
def test_preface_says_who_the_client_is(connect, preface, told, how):
    app = Recorder(hello)
    it = connect(app)
    if how == "in one":
        it.send(preface + get(b"/a") + get(b"/b"))
    elif how == "apart":
        it.send(preface, get(b"/a"), get(b"/b"))
    else:
        it.drip(preface + get(b"/a")).send(get(b"/b"))
    assert statuses(it.output) == [200, 200]
    assert [(scope["client"], scope["server"], scope["path"]) for scope in app.scopes] == [
        (*told, "/a"), (*told, "/b")]
    assert it.transport.protocol is it.connection  # nothing is left in between
    assert not it.ended and not it.warnings


@PREFACES
def test_peer_of_a_unix_socket_is_believed(connect, preface, told):
    app = Recorder(hello)
    connect(app, proxies=(), unix=True).send(preface + get())
    client, server = told
    assert app.scope["client"] == (None if client == PEER else client)
    assert app.scope["server"] == (("/run/fastsrv.sock", None) if server == SERVER else server)


@pytest.mark.parametrize(("values", "scheme"), [(b"", "http"), (SSL, "https")])
def test_scheme_is_what_the_client_has_come_by_to_the_proxy(connect, values, scheme):
    app = Recorder(hello)
    connect(app).send(v2(0x21, 0x11, TCP4 + values) + get(b"/a") + get(b"/b"))
    assert [scope["scheme"] for scope in app.scopes] == [scheme, scheme]


@pytest.mark.parametrize("proxies", [["*"], ["192.0.2.0/24"], ["10.0.0.1", "192.0.2.7"]])
def test_proxies_are_addresses_and_networks(connect, proxies):
    app = Recorder(hello)
    connect(app, proxies=proxies).send(LINE + get())
    assert app.scope["client"] == V4[0]


@pytest.mark.parametrize("preface", [LINE, v2(0x21, 0x11, TCP4), v2(0x20, 0), b"PROXY nonsense\r\n"])
@pytest.mark.parametrize("proxies", [[], ["10.0.0.1", "192.0.2.8/30"]])
def test_peer_that_is_no_proxy_may_not_say_one(connect, preface, proxies):
    app = Recorder(hello)
    it = connect(app, proxies=proxies).send(preface + get())
    assert not app.scopes and statuses(it.output) == [400] and it.ended
    assert b"PROXY protocol from a peer that is not in proxy_allow_ips (proxy_protocol)" in it.output
    assert refused(it) == {"proxy_protocol": 1}
    assert it.warnings == [("proxy_protocol", "Refused a request of 192.0.2.7:4321: 400, PROXY protocol from a peer "
                            "that is not in proxy_allow_ips (proxy_protocol)")]


@pytest.mark.parametrize("pieces", [[get()], [b"G", get()[1:]], [b"P", b"OST / HTTP/1.1\r\nHost: a\r\n\r\n"],
                                    [b"\r", b"\n" + get()]])
def test_peer_that_is_no_proxy_is_served_without_one(connect, pieces):
    app = Recorder(hello)
    it = connect(app, proxies=[]).send(*pieces)
    assert statuses(it.output) == [200] and app.scope["client"] == PEER
    assert it.transport.protocol is it.connection


@pytest.mark.parametrize(("versions", "data"), [
    ("auto", get()), ("auto", b"\x16\x03\x01\x02\0"), ("v2", LINE), ("v1", v2(0x21, 0x11, TCP4)),
    ("auto", b"PROXY TCP4 192.0.2.9\r\n"), ("auto", b"PROXY " + b"x" * 200), ("auto", v2(0x21, 0x77, b"x" * 40)),
    ("auto", v2(0x21, 0x11, length=65535)), ("auto", v2(0x31, 0x11, TCP4)),
])
def test_proxy_that_says_none_or_a_malformed_one_is_refused(connect, versions, data):
    """Or the first bytes of its client, which could write one, would be taken for it."""
    app = Recorder(hello)
    it = connect(app, versions=versions).send(data, get())
    assert not app.scopes and statuses(it.output) == [400] and it.ended
    assert refused(it) == {"proxy_protocol": 1} and len(it.warnings) == 1


@pytest.mark.parametrize("part", [LINE[:1], LINE[:-1], v2(0x21, 0x11, TCP4)[:20]])
def test_part_of_one_is_waited_for_as_a_head_is(connect, part):
    it = connect(hello).drip(part).wait(HEADER)
    assert statuses(it.output) == [408] and b"fastsrv_header_timeout" in it.output and it.ended
    assert refused(it) == {"header_timeout": 1}
    it.send(LINE, get())  # too late
    assert statuses(it.output) == [408]


def test_bytes_that_drip_extend_nothing(connect):
    it = connect(hello)
    for byte in LINE[:30]:
        it.send(bytes([byte])).wait(HEADER / 20)
    assert statuses(it.output) == [408]


def test_the_head_has_what_the_preface_has_left_of_the_time(connect):
    it = connect(hello).send(LINE + get()[:20]).wait(HEADER)
    assert statuses(it.output) == [408] and refused(it) == {"header_timeout": 1}


@pytest.mark.parametrize("said", [[], [LINE]])
def test_one_that_says_nothing_more_is_closed_without_an_answer(connect, said):
    it = connect(hello).send(*said).wait(HEADER)
    assert it.output == b"" and it.ended and not it.warnings and not refused(it)


@pytest.mark.parametrize("said", [[], [LINE[:9]], [LINE]])
def test_end_before_a_request(connect, said):
    it = connect(hello).send(*said).end()
    assert it.closed and it.output == b"" and not it.warnings


def test_reset_before_a_request(connect):
    assert connect(hello).send(LINE[:9]).reset().closed


# --- who is believed then ---


@pytest.mark.parametrize(("allowed", "client"), [
    ("192.0.2.7", ("192.0.2.9", 5555)),  # of the proxy itself: it passes on what its client has written
    ("192.0.2.9", ("203.0.113.5", 0)),  # of the client: another proxy
])
def test_fields_are_those_of_the_client_that_was_told(connect, allowed, client):
    cfg = GunicornConfig()
    cfg.set("forwarded_allow_ips", allowed)
    app = Recorder(hello)
    connect(app, forwarded=Forwarded(cfg).apply).send(LINE + get(b"/", b"X-Forwarded-For: 203.0.113.5"))
    assert app.scope["client"] == client


def test_end_of_a_unix_sockets_peer_is_its_own_whatever_address_was_told(connect):
    """A TCP client that ends its side may have gone; a UNIX socket's is seen when it has."""
    app = Puppet()
    it = connect(app, grace=0, unix=True).send(LINE + get()).end().wait(60)
    app.begin()
    app.body(b"hello")
    assert statuses(it.output) == [200] and it.output.endswith(b"hello")
    app.finish()
