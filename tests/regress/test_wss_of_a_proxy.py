"""Origin: Traefik, which sends `X-Forwarded-Proto: wss` for a WebSocket. gunicorn's setting names one value a field,
`https`, so that the app of a WebSocket over TLS was told `ws`, and `wss` beside another field that said https was a 400
for a contradiction."""

from contextlib import closing

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.proxy.forwarded import Forwarded
from tests.support.puppet import Puppet
from tests.support.wire import get
from tests.websocket.client import Client


@pytest.fixture
def ask():
    """ask(*fields, websocket=True, trusted="*") -> the scheme that the app sees, or the answer of ours."""
    def ask(*fields, websocket=True, trusted="*"):
        cfg = GunicornConfig()
        cfg.set("forwarded_allow_ips", trusted)
        app = Puppet()
        with closing(Client(app, forwarded=Forwarded(cfg).apply)) as client:
            client.ask(*fields) if websocket else client.send(get(b"/", *fields))
            return app.scope["scheme"] if app.calls else client.output

    return ask


@pytest.mark.parametrize(("fields", "scheme"), [
    ([b"X-Forwarded-Proto: wss"], "wss"), ([b"X-Forwarded-Proto: ws"], "ws"),
    ([b"X-Forwarded-Proto: WSS"], "wss"), ([b"X-Forwarded-Protocol: wss"], "wss"),
    ([b"X-Forwarded-Proto: https"], "wss"), ([b"X-Forwarded-Proto: http"], "ws"), ([], "ws"),
    ([b"X-Forwarded-Proto: wss", b"X-Forwarded-Ssl: on"], "wss"),
    ([b"X-Forwarded-Proto: ws", b"X-Forwarded-Ssl: off", b"X-Forwarded-Protocol: http"], "ws"),
])
def test_scheme_of_a_websocket_is_what_the_proxy_says(ask, fields, scheme):
    assert ask(*fields) == scheme


@pytest.mark.parametrize(("field", "scheme"), [
    (b"X-Forwarded-Proto: wss", "https"), (b"X-Forwarded-Proto: ws", "http"), (b"X-Forwarded-Proto: wsss", "http"),
])
def test_request_that_asks_for_no_websocket_has_a_scheme_of_http(ask, field, scheme):
    assert ask(field, websocket=False) == scheme


@pytest.mark.parametrize("fields", [
    [b"X-Forwarded-Proto: wss", b"X-Forwarded-Ssl: off"], [b"X-Forwarded-Proto: ws", b"X-Forwarded-Proto: wss"],
])
def test_fields_that_contradict_each_other_are_refused(ask, fields):
    assert ask(*fields).startswith(b"HTTP/1.1 400 ")


def test_proxy_that_is_not_trusted_is_not_believed(ask):
    assert ask(b"X-Forwarded-Proto: wss", trusted="127.0.0.1") == "ws"
