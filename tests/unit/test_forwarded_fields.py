"""fastsrv_forwarded_fields: which of the proxies' fields are believed, and what comes of each. The wire's peer is
192.0.2.7:4321. docs/PROXIES.md has the rules."""

import pytest
from gunicorn.config import Config as GunicornConfig
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastsrv.proxy.forwarded import Forwarded
from tests.support.apps import Recorder, hello
from tests.support.wire import Wire, get
from tests.unit.test_proxy_fields import PIECES

PEER = ("192.0.2.7", 4321)
TRUSTED = "192.0.2.7,10.0.0.0/8,2001:db8::/32"
ALL = [
    b"X-Forwarded-For: 198.51.100.9", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: shown.example",
    b"X-Forwarded-Port: 8443", b"X-Forwarded-Prefix: /api",
    b"Forwarded: for=203.0.113.1;proto=http;host=other.example",
]


@pytest.fixture
def seen(wire):
    """seen(which, *fields, path=, host=, allowed=, **of the wire) -> the scope of a request, or the answer of ours."""
    def ask(which, *fields, path=b"/", host=b"inner", allowed=TRUSTED, **more):
        cfg = GunicornConfig()
        cfg.set("forwarded_allow_ips", allowed)
        app = Recorder(hello)
        request = get(path, *fields).replace(b"Host: example.org", b"Host: " + host)
        connection = wire(app, forwarded=Forwarded(cfg, which).apply, **more).send(request)
        return app.scope if app.scopes else connection.output

    return ask


def told(scope):
    """What a proxy can change: client, scheme, Host, root_path, path."""
    return (scope["client"], scope["scheme"], dict(scope["headers"]).get(b"host"), scope["root_path"], scope["path"])


@pytest.mark.parametrize(("which", "result"), [
    ("client", (("198.51.100.9", 0), "https", b"inner", "", "/")),
    ("x-forwarded", (("198.51.100.9", 0), "https", b"shown.example:8443", "/api", "/api/")),
    ("forwarded", (("203.0.113.1", 0), "http", b"other.example", "", "/")),
    ("none", (PEER, "http", b"inner", "", "/")),
])
def test_one_kind_of_fields_is_believed_whatever_the_others_say(seen, which, result):
    assert told(seen(which, *ALL)) == result
    assert told(seen(which, *ALL[::-1])) == result


@pytest.mark.parametrize("which", ["client", "x-forwarded", "forwarded", "none"])
@pytest.mark.parametrize("allowed", ["", "10.0.0.1", "192.0.2.8/29", "2001:db8::/32"])
def test_untrusted_peer_changes_nothing(seen, which, allowed):
    assert told(seen(which, *ALL, allowed=allowed)) == (PEER, "http", b"inner", "", "/")


@pytest.mark.parametrize(("which", "client"), [
    ("x-forwarded", ("198.51.100.9", 0)), ("forwarded", ("203.0.113.1", 0)), ("none", None),
])
def test_peer_of_a_unix_socket_is_believed(seen, which, client):
    assert seen(which, *ALL, allowed="", unix=True)["client"] == client


# --- Forwarded (RFC 7239) ---


@pytest.mark.parametrize(("fields", "client"), [
    ([b"for=198.51.100.9"], ("198.51.100.9", 0)),
    ([b'FOR="198.51.100.9:5555"'], ("198.51.100.9", 5555)),
    ([b'for="[2001:db9::1]:5555"'], ("2001:db9::1", 5555)),
    # the last one that is no proxy of ours; what stands before it, anybody may have written
    ([b"for=203.0.113.1, for=198.51.100.9"], ("198.51.100.9", 0)),
    ([b'for=203.0.113.1, for=198.51.100.9;by=10.1.2.3, for=10.1.2.3, for="[2001:db8::5]"'], ("198.51.100.9", 0)),
    ([b"for=203.0.113.1", b"for=198.51.100.9", b"for=10.1.2.3"], ("198.51.100.9", 0)),
    ([b"for=10.0.0.2, for=10.0.0.1"], ("10.0.0.2", 0)),
    # what is no address
    ([b"for=unknown"], PEER), ([b"for=_hidden"], PEER), ([b"for=203.0.113.1, for=unknown, for=10.0.0.1"],
                                                         ("10.0.0.1", 0)),
    ([b"proto=https"], PEER), ([b""], PEER), ([b"for=203.0.113.1, proto=https"], PEER),
    ([b'for="[fe80::1%25eth0]"'], PEER), ([b"for=<script>"], PEER),
    # what a client has left open takes nothing from the proxy's own
    ([b'for="10.0.0.1', b"for=198.51.100.9"], ("198.51.100.9", 0)),
    ([b'for="10.0.0.1, for=198.51.100.9;proto=https'], ("198.51.100.9", 0)),
])
def test_client_of_forwarded(seen, fields, client):
    assert seen("forwarded", *(b"Forwarded: " + value for value in fields))["client"] == client


@pytest.mark.parametrize(("value", "scheme"), [
    (b"proto=https", "https"), (b"for=198.51.100.9;PROTO=HTTPS", "https"), (b"proto=wss", "https"),
    (b"proto=http", "http"), (b"proto=ws", "http"), (b"proto=gopher", "http"), (b'proto="https"', "https"),
    (b"for=203.0.113.1;proto=https, for=198.51.100.9;proto=http", "http"),
    (b"for=198.51.100.9;proto=https, for=10.0.0.1;proto=http", "https"),
    (b"for=198.51.100.9, for=10.0.0.1;proto=https", "http"),  # of the way from one proxy to another
])
def test_scheme_and_host_are_those_of_the_element_that_tells_of_the_client(seen, value, scheme):
    assert seen("forwarded", b"Forwarded: " + value)["scheme"] == scheme


@pytest.mark.parametrize(("value", "host"), [
    (b"host=example.net", b"example.net"), (b'host="example.net:8443"', b"example.net:8443"),
    (b'host="[2001:db8::1]"', b"[2001:db8::1]"), (b'host="a/b"', b"inner"), (b'host=""', b"inner"),
    (b"for=198.51.100.9;host=a.example, for=10.0.0.1;host=b.example", b"a.example"),
])
def test_host_of_forwarded(seen, value, host):
    assert dict(seen("forwarded", b"Forwarded: " + value)["headers"])[b"host"] == host


def test_no_more_than_some_hops_are_looked_at(seen):
    value = b"Forwarded: " + b", ".join([b"for=198.51.100.9", *[b"for=10.0.0.1"] * 40])
    assert seen("forwarded", value)["client"] == ("10.0.0.1", 0)


# --- X-Forwarded-Host, -Port, -Prefix ---


@pytest.mark.parametrize(("fields", "host"), [
    ([b"X-Forwarded-Host: a.example"], b"a.example"), ([b"X-Forwarded-Host: a.example:8080"], b"a.example:8080"),
    ([b"X-Forwarded-Host: [2001:db8::1]"], b"[2001:db8::1]"),
    ([b"X-Forwarded-Host: a.example", b"X-Forwarded-Port: 8080"], b"a.example:8080"),
    ([b"X-Forwarded-Port: 8080"], b"inner:8080"),
    # a port of the host's own wins; a scheme's usual one is not written
    ([b"X-Forwarded-Host: a.example:8080", b"X-Forwarded-Port: 80"], b"a.example:8080"),
    ([b"X-Forwarded-Host: a.example", b"X-Forwarded-Port: 80"], b"a.example"),
    ([b"X-Forwarded-Host: a.example", b"X-Forwarded-Port: 443"], b"a.example:443"),
    ([b"X-Forwarded-Host: a.example", b"X-Forwarded-Port: 443", b"X-Forwarded-Proto: https"], b"a.example"),
    # the same twice
    ([b"X-Forwarded-Host: a.example", b"X-Forwarded-Host: a.example, a.example,"], b"a.example"),
    # what is no host, and no port
    ([b"X-Forwarded-Host: "], b"inner"), ([b"X-Forwarded-Host: a b"], b"inner"),
    ([b"X-Forwarded-Host: https://a.example"], b"inner"), ([b"X-Forwarded-Port: https"], b"inner"),
    ([b"X-Forwarded-Port: 0"], b"inner"), ([b"X-Forwarded-Port: 99999999999999"], b"inner"),
])
def test_host(seen, fields, host):
    scope = seen("x-forwarded", *fields)
    assert [value for name, value in scope["headers"] if name == b"host"] == [host]
    assert scope["headers"][0] == (b"host", host)
    assert scope["server"] == ("192.0.2.1", 80)  # where we listen


def test_request_without_host_gets_one(wire):
    app = Recorder(hello)
    cfg = GunicornConfig()
    cfg.set("forwarded_allow_ips", "*")
    wire(app, forwarded=Forwarded(cfg, "x-forwarded").apply).send(
        b"GET / HTTP/1.0\r\nAccept: a/b\r\nX-Forwarded-Host: a.example\r\n\r\n")
    assert app.scope["headers"] == [(b"host", b"a.example"), (b"accept", b"a/b"), (b"x-forwarded-host", b"a.example")]


@pytest.mark.parametrize(("value", "root_path", "path"), [
    (b"/api", "/api", "/api/users"), (b"/api/", "/api", "/api/users"), (b"/a%20b", "/a b", "/a b/users"),
    (b"/", "", "/users"), (b"//other.example", "/own", "/own/users"), (b"api", "/own", "/own/users"),
    (b"", "/own", "/own/users"),
])
def test_prefix_takes_the_place_of_root_path(seen, value, root_path, path):
    scope = seen("x-forwarded", b"X-Forwarded-Prefix: " + value, path=b"/users", root_path="/own")
    assert (scope["root_path"], scope["path"], scope["raw_path"]) == (root_path, path, b"/users")


@pytest.mark.parametrize("fields", [
    [b"X-Forwarded-Host: a.example, b.example"], [b"X-Forwarded-Host: a.example", b"X-Forwarded-Host: b.example"],
    [b"X-Forwarded-Port: 80,443"], [b"X-Forwarded-Prefix: /a", b"X-Forwarded-Prefix: /b"],
    [b"X-Forwarded-Proto: https, http"], [b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: off"],
])
def test_fields_that_say_several_things_are_refused(seen, fields):
    answer = seen("x-forwarded", *fields)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"(fastsrv_forwarded_fields)" in answer
    assert told(seen("x-forwarded", *fields, allowed="")) == (PEER, "http", b"inner", "", "/")


def test_scheme_that_is_said_twice_is_said_once(seen):
    assert seen("client", b"X-Forwarded-Proto: https, https")["scheme"] == "https"


# --- anything ---

NAMES = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
         "X-Forwarded-Prefix", "X-Forwarded-Ssl"]
FIELDS = st.lists(st.tuples(st.sampled_from(NAMES), PIECES), max_size=5)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["client", "x-forwarded", "forwarded", "none"]), FIELDS, st.booleans())
def test_whatever_is_said_is_answered_and_makes_a_scope_that_can_be(which, fields, trusted):
    cfg = GunicornConfig()
    cfg.set("forwarded_allow_ips", TRUSTED if trusted else "")
    app = Recorder(hello)
    wire = Wire(app, forwarded=Forwarded(cfg, which).apply)
    try:
        lines = [f"{name}: {value}".encode("latin-1") for name, value in fields]
        wire.send(get(b"/a", *lines))
        status = wire.output.split(b" ")[1]
    finally:
        wire.close()
    assert status in (b"200", b"400")
    if app.scopes:
        (host, port), scheme, name, root_path, path = told(app.scope)
        assert scheme in ("http", "https") and name and path == root_path + "/a" and "//" not in path
        assert "%" not in host and 0 <= port <= 65535
        assert trusted or told(app.scope) == (PEER, "http", b"example.org", "", "/a")
