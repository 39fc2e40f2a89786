"""fastsrv/proxy/forwarded.py: what a trusted proxy may say of the client. The wire's peer is 192.0.2.7:4321."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.proxy.forwarded import Forwarded
from tests.support.apps import Recorder, hello
from tests.support.wire import get

PEER = ("192.0.2.7", 4321)


@pytest.fixture
def seen(wire):
    """seen(*fields, unix=False, **gunicorn's settings) -> the scope of a request with these fields."""
    def ask(*fields, unix=False, **settings):
        cfg = GunicornConfig()
        for name, value in {"forwarded_allow_ips": "192.0.2.7,10.0.0.0/8,2001:db8::/32", **settings}.items():
            cfg.set(name, value)
        app = Recorder(hello)
        connection = wire(app, unix=unix, forwarded=Forwarded(cfg).apply).send(get(b"/", *fields))
        return app.scope if app.scopes else connection.output

    return ask


@pytest.mark.parametrize(("fields", "client"), [
    ([], PEER),
    ([b"X-Forwarded-For: 198.51.100.9"], ("198.51.100.9", 0)),
    ([b"X-Forwarded-For: 198.51.100.9:5555"], ("198.51.100.9", 5555)),
    ([b"X-Forwarded-For: 2001:db9::1"], ("2001:db9::1", 0)),
    ([b"X-Forwarded-For: [2001:db9::1]"], ("2001:db9::1", 0)),
    ([b"X-Forwarded-For: [2001:db9::1]:5555"], ("2001:db9::1", 5555)),
    # the last one that is no proxy of ours; what stands before it, anybody may have written
    ([b"X-Forwarded-For: 203.0.113.1, 198.51.100.9"], ("198.51.100.9", 0)),
    ([b"X-Forwarded-For: 203.0.113.1, 198.51.100.9, 10.1.2.3,2001:db8::5"], ("198.51.100.9", 0)),
    ([b"X-Forwarded-For: 203.0.113.1", b"x-forwarded-for: 198.51.100.9 , 10.1.2.3:80"], ("198.51.100.9", 0)),
    ([b"X-Forwarded-For: 203.0.113.1, ::ffff:10.1.2.3"], ("203.0.113.1", 0)),
    ([b"X-Forwarded-For: 10.0.0.2, 10.0.0.1"], ("10.0.0.2", 0)),
    # what is no address
    ([b"X-Forwarded-For: unknown"], PEER),
    ([b"X-Forwarded-For: 203.0.113.1, unknown, 10.0.0.1"], ("10.0.0.1", 0)),
    ([b"X-Forwarded-For: "], PEER),
    ([b"X-Forwarded-For: 198.51.100.9, , 10.0.0.1,"], ("198.51.100.9", 0)),  # RFC 9110, 5.6.1: empty ones are none
    ([b"X-Forwarded-For: 198.51.100.9:http"], ("198.51.100.9", 0)),
    ([b"X-Forwarded-For: <script>"], PEER),
    ([b"X-Forwarded-For: 198.51.100.9\xa0"], PEER),
    # what is no port
    ([b"X-Forwarded-For: 198.51.100.9:65535"], ("198.51.100.9", 65535)),
    ([b"X-Forwarded-For: 198.51.100.9:65536"], ("198.51.100.9", 0)),
    ([b"X-Forwarded-For: 198.51.100.9:" + b"9" * 5000], ("198.51.100.9", 0)),  # more digits than int() takes
    ([b"X-Forwarded-For: [2001:db9::1]:" + b"0" * 5000 + b"80"], ("2001:db9::1", 0)),
    ([b"X-Forwarded-For: 198.51.100.9:-1"], ("198.51.100.9", 0)),
    ([b"X-Forwarded-For: 198.51.100.9:\xb2\xb2"], ("198.51.100.9", 0)),  # digits to str.isdigit()
])
def test_client_is_the_last_address_that_is_no_trusted_proxy(seen, fields, client):
    assert seen(*fields)["client"] == client


@pytest.mark.parametrize(("field", "scheme"), [
    (b"X-Forwarded-Proto: https", "https"), (b"X-Forwarded-Proto: http", "http"),
    (b"X-Forwarded-Ssl: on", "https"), (b"X-Forwarded-Ssl: off", "http"), (b"X-Forwarded-Protocol: ssl", "https"),
    (b"X-Forwarded-Scheme: https", "http"),
])
def test_scheme_is_what_the_proxy_says(seen, field, scheme):
    assert seen(field)["scheme"] == scheme


def test_secure_scheme_headers_name_the_fields(seen):
    own = {"X-Secure": "yes"}
    assert seen(b"X-Secure: yes", secure_scheme_headers=own)["scheme"] == "https"
    assert seen(b"X-Forwarded-Proto: https", secure_scheme_headers=own)["scheme"] == "http"


def test_fields_that_contradict_each_other_are_refused(seen):
    answer = seen(b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: off")
    assert answer.startswith(b"HTTP/1.1 400 ") and b"\r\nconnection: close\r\n" in answer
    assert seen(b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: on")["scheme"] == "https"


FORGED = [b"X-Forwarded-For: 198.51.100.9", b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: off"]


@pytest.mark.parametrize("trusted", ["10.0.0.1", "192.0.2.8/32", "2001:db8::/32"])
def test_peer_that_is_no_trusted_proxy_is_not_believed(seen, trusted):
    scope = seen(*FORGED, forwarded_allow_ips=trusted)
    assert (scope["client"], scope["scheme"]) == (PEER, "http")


@pytest.mark.parametrize("trusted", ["192.0.2.0/24", "::ffff:192.0.2.7", "::ffff:192.0.2.0/120"])
def test_ipv4_may_be_written_as_a_part_of_ipv6(seen, trusted):
    assert seen(FORGED[0], forwarded_allow_ips=trusted)["client"] == ("198.51.100.9", 0)


def test_everybody_is_believed_with_an_asterisk(seen):
    scope = seen(b"X-Forwarded-For: 203.0.113.1, 198.51.100.9", forwarded_allow_ips="*")
    assert scope["client"] == ("203.0.113.1", 0)


def test_peer_of_a_unix_socket_is_believed(seen):
    scope = seen(*FORGED[:2], unix=True, forwarded_allow_ips="10.0.0.1")
    assert (scope["client"], scope["scheme"]) == (("198.51.100.9", 0), "https")


def test_headers_stay_as_they_were(seen):
    assert (b"x-forwarded-for", b"198.51.100.9") in seen(*FORGED[:2])["headers"]


# --- names with an underscore (header_map, forwarder_headers; also tests/policy) ---

UNDERSCORED = [b"Script_Name: /a", b"X: y", b"X_A: b"]


def names(scope):
    return [name for name, _ in scope["headers"]][1:]  # behind Host


@pytest.mark.parametrize(("trusted", "settings", "left"), [
    (True, {}, [b"script_name", b"x"]),
    (False, {}, [b"x"]),
    (True, {"forwarder_headers": "X_A"}, [b"x", b"x_a"]),
    (True, {"forwarder_headers": "*"}, [b"script_name", b"x", b"x_a"]),
    (False, {"forwarder_headers": "*"}, [b"x"]),
    (True, {"forwarder_headers": "*", "header_map": "refuse"}, [b"script_name", b"x", b"x_a"]),
    (False, {"header_map": "dangerous"}, [b"script_name", b"x", b"x_a"]),
])
def test_only_a_proxy_may_send_underscores(seen, trusted, settings, left):
    peer = "192.0.2.7" if trusted else "10.0.0.1"
    assert names(seen(*UNDERSCORED, forwarded_allow_ips=peer, **settings)) == left


def test_peer_of_a_unix_socket_may_send_underscores(seen):
    assert names(seen(*UNDERSCORED, unix=True, forwarded_allow_ips="10.0.0.1")) == [b"script_name", b"x"]


@pytest.mark.parametrize("trusted", [True, False])
def test_scheme_field_with_an_underscore_is_believed_and_dropped(seen, trusted):
    scope = seen(b"X_Secure_Scheme: on", secure_scheme_headers={"X_SECURE_SCHEME": "on"},
                 forwarded_allow_ips="192.0.2.7" if trusted else "10.0.0.1")
    assert scope["scheme"] == ("https" if trusted else "http")
    assert names(scope) == []


def test_dropped_field_is_not_in_the_access_log_either(wire):
    cycles = []
    wire(hello, forwarded=Forwarded(GunicornConfig()).apply, finished=cycles.append).send(get(b"/", *UNDERSCORED))
    assert cycles[0].head.headers == [(b"host", b"example.org"), (b"x", b"y")]
