"""Found in others' bug reports: the app's Upgrade was sent without its `Connection: upgrade` (RFC 9110, 7.8).

So with its Keep-Alive (RFC 9110, 7.6.1).
"""

import pytest

from tests.support.answers import take_apart
from tests.support.apps import hello
from tests.support.wire import get


def answering(status, *fields):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": b"a"})

    return app


@pytest.mark.parametrize("status", [200, 426])
@pytest.mark.parametrize("name", [b"upgrade", b"Upgrade"])
@pytest.mark.parametrize("connection", [(), ((b"connection", b"upgrade"),)], ids=["alone", "named"])
def test_upgrade_of_the_app_is_named_in_connection(wire, status, name, connection):
    answer = take_apart(wire(answering(status, (name, b"TLS/1.3"), *connection)).send(get()).output)
    assert answer.values(b"upgrade") == [b"TLS/1.3"]
    assert answer.values(b"connection") == [b"upgrade"]


@pytest.mark.parametrize(("request_", "settings", "wanted"), [
    (get(b"/", b"Connection: close"), {}, b"upgrade, close"),
    (get(b"/", b"Connection: keep-alive", version=b"1.0"), {}, b"upgrade, keep-alive"),
    (get(), {"announced_keepalive": 5}, b"upgrade, keep-alive"),
    (get(), {"keepalive": 0}, b"upgrade, close"),
], ids=["close", "http-1.0", "keep-alive", "off"])
def test_one_connection_field_has_all_options(wire, request_, settings, wanted):
    """Many clients look at the first one alone."""
    answer = take_apart(wire(answering(200, (b"upgrade", b"x")), **settings).send(request_).output)
    assert answer.values(b"connection") == [wanted]


def test_end_that_the_app_asks_for_is_kept(wire):
    it = wire(answering(426, (b"upgrade", b"x"), (b"connection", b"Upgrade, close"))).send(get())
    assert take_apart(it.output).values(b"connection") == [b"upgrade, close"]
    assert it.ended


def test_keep_alive_of_the_app_is_named_in_connection(wire):
    answer = take_apart(wire(answering(200, (b"keep-alive", b"timeout=5"))).send(get()).output)
    assert answer.values(b"connection") == [b"keep-alive"]


def test_other_answers_have_no_connection_field(wire):
    assert take_apart(wire(hello).send(get()).output).values(b"connection") == []
    answer = take_apart(wire(answering(200, (b"connection", b"upgrade"))).send(get()).output)
    assert answer.values(b"connection") == []
